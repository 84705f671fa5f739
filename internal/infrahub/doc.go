// Package infrahub is the client of one Infrahub server.
//
// An [Upstream] exists once in a process: it holds the connections, the logins
// and the version of the server. A [Client] is a small value on top of it that
// carries the credential of one caller and of nobody else. Every fault is an
// [*Error], whatever shape the server gave it.
//
// What is said here about the server was observed on Infrahub 1.11; older
// servers differ in the shape of their errors, and both are understood.
package infrahub
