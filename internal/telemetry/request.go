package telemetry

import (
	"context"
	"slices"
)

type (
	requestIDKey struct{}
	secretsKey   struct{}
)

// WithRequestID returns a context whose log lines carry the id of a request. It
// must hold nothing that a client could choose but a UUID.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id of the request that a context belongs to, "" outside
// of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithSecrets returns a context whose log lines hide credentials that came with
// a request, wherever they stand. Empty ones and those of one or two characters,
// which would cut every line to pieces, are left out.
func WithSecrets(ctx context.Context, secrets ...string) context.Context {
	own := variants(slices.Concat(secretsOf(ctx), secrets))
	// A function, because package fmt would print what a context holds.
	return context.WithValue(ctx, secretsKey{}, func() []string { return own })
}

func secretsOf(ctx context.Context) []string {
	secrets, ok := ctx.Value(secretsKey{}).(func() []string)
	if !ok {
		return nil
	}
	return secrets()
}
