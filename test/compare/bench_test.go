package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/server"
)

// BenchmarkCalls is what make compare asks of this server, in one process, for
// profiles: client and upstream are in them too.
func BenchmarkCalls(b *testing.B) {
	box, err := sandbox.New(sandbox.Options{Devices: devices})
	if err != nil {
		b.Fatal(err)
	}
	upstream := newUpstream(box)
	defer upstream.Close()
	cfg, _, err := config.LoadFor(config.Flags{"port": "0", "transport": config.TransportHTTP}, upstream.URL, config.Secret(seed.Accounts()[0].Token))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, cfg, server.Options{Err: io.Discard, Listening: func(a net.Addr) { listening <- a }})
	}()
	url := "http://" + (<-listening).String() + "/mcp"
	for _, q := range questions() {
		b.Run(q.name, func(b *testing.B) {
			s, err := open(ctx, &http.Client{}, url)
			if err != nil {
				b.Fatal(err)
			}
			id, message, err := s.ask(ctx, q)
			if err != nil {
				b.Fatal(err)
			}
			if err := q.check(id, message); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.ask(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
