package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Open returns the sandbox that a file holds, or a new one when there is no such
// file yet. The file is written by Save, and by Serve.
func Open(path string, o Options) (*Sandbox, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return New(o)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the data of the sandbox: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	s, err := Restore(file, o)
	if err != nil {
		return nil, fmt.Errorf("reading the data of the sandbox from %s: %w", path, err)
	}
	return s, nil
}

// Save writes all data to a file, which is replaced as a whole: one that cannot
// be written to its end leaves the old one in place. Only its owner may read it.
func (s *Sandbox) Save(path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("saving the data of the sandbox: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // what matters is why it failed
		}
	}()
	_, err = s.WriteTo(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("saving the data of the sandbox: %w", err)
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("saving the data of the sandbox: %w", err)
	}
	return nil
}

// ServeOptions say how a sandbox is served.
type ServeOptions struct {
	// Data is the file to which the data is saved, some seconds after it changed
	// and at the end; empty for none.
	Data string
	// Logger is told of what goes wrong; nil for nobody.
	Logger *slog.Logger
}

const (
	saveEvery = 10 * time.Second
	grace     = 5 * time.Second // for requests in progress at the end
)

// Serve answers requests until ctx ends.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener, o ServeOptions) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	server := &http.Server{
		Handler:           s.noting(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-stopped:
			return errors.Join(fmt.Errorf("serving the sandbox: %w", err), s.saveIfChanged(o))
		case <-ticker.C:
			if err := s.saveIfChanged(o); err != nil {
				o.Logger.Error("the sandbox could not be saved", "error", err)
			}
		case <-ctx.Done():
			shutDown(context.WithoutCancel(ctx), server)
			return s.saveIfChanged(o)
		}
	}
}

// shutDown lets requests in progress end for a while, and cuts off the rest.
func shutDown(ctx context.Context, server *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// noting is the sandbox as a handler that notes when data may have changed.
func (s *Sandbox) noting() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Deferred, as a handler that ends the connection panics.
		defer func() {
			if r.Method != http.MethodGet {
				s.changed.Store(true)
			}
		}()
		s.ServeHTTP(w, r)
	})
}

// saveIfChanged saves the data when there is a file for it and something may have
// changed since the last time.
func (s *Sandbox) saveIfChanged(o ServeOptions) error {
	if o.Data == "" || !s.changed.Swap(false) {
		return nil
	}
	if err := s.Save(o.Data); err != nil {
		s.changed.Store(true)
		return err
	}
	return nil
}
