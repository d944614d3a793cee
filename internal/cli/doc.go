// Package cli is the command line: it parses flags, imports every registrant, calls harness, and turns errors into
// messages and exit statuses. Each command is one file; nothing here computes a result.
package cli
