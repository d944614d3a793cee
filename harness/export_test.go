package harness

// Contested are the rows of the edits about which metrics disagree most.
var Contested = contested
