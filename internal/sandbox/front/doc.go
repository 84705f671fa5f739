// Package front is the HTTP face of an Infrahub in memory: its REST endpoints,
// its GraphQL endpoint, and misbehaviour on demand for tests.
//
// Statuses, headers and bodies are those of Infrahub 1.11. The order in which it
// finds fault is part of that: over GraphQL first with the credential, then the
// branch, the body, the time and the document; over REST with a body that is no
// JSON, the branch, the time, the credential, and then the members of the body.
package front
