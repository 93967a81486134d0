// Package tig stands in for a part of nerdctl's own test framework, which the module proxy does not carry. The nerdctl
// program is linked with one file that names this interface, and calls none of it.
package tig

// T is what that file asks of a test.
type T interface {
	Log(args ...any)
	FailNow()
}
