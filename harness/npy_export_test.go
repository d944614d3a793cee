package harness

// ParseNPY is what reads features, for fuzzing.
var ParseNPY = parseNPY
