package server

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/telemetry"
)

// reloading reads the files of credentials again when they change, and whenever
// signals has something, until the function returned is called.
func (a *app) reloading(ctx context.Context, cfg *config.Config, secrets *telemetry.Secrets, signals <-chan os.Signal) (stop func()) {
	r := &reloader{retire: a.upstream.Forget, overlap: a.settings.CallLimit, secrets: secrets, logger: a.logger, metrics: a.metrics}
	held := map[string]config.Secret{
		"INFRAHUB_API_TOKEN": cfg.Infrahub.APIToken, "INFRAHUB_PASSWORD": cfg.Infrahub.Password,
		"INFRAHUB_MCP_OIDC_CLIENT_SECRET": cfg.Auth.OIDCClientSecret, "INFRAHUB_MCP_SIGNING_KEY": cfg.Auth.SigningKey,
	}
	use := map[string]func(config.Secret) error{
		"INFRAHUB_API_TOKEN": func(s config.Secret) error {
			a.own.Replace(infrahub.Credential{Token: s.Reveal()})
			return nil
		},
		"INFRAHUB_PASSWORD": func(s config.Secret) error {
			r.retired = append(r.retired, retired{a.own.Credential(), time.Now()})
			a.own.Replace(infrahub.Credential{Username: cfg.Infrahub.Username, Password: s.Reveal()})
			return nil
		},
		"INFRAHUB_MCP_OIDC_CLIENT_SECRET": func(s config.Secret) error {
			if a.sso == nil {
				return nil
			}
			a.sso.secret.Store(&s)
			if keysOfClientSecret(cfg) {
				return a.useKeys(auth.KeysOf(s.Reveal()))
			}
			return nil
		},
		"INFRAHUB_MCP_SIGNING_KEY": func(s config.Secret) error {
			keys, err := auth.ParseKeys(s.Reveal())
			if err != nil {
				return err
			}
			return a.useKeys(keys)
		},
	}
	for _, file := range cfg.SecretFiles {
		if use := use[file.Setting()]; use != nil { // the others are settings of connections, which are made once
			r.files = append(r.files, &reloadable{SecretFile: file, held: held[file.Setting()], use: use})
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { r.run(ctx, signals) })
	return func() {
		cancel()
		running.Wait()
	}
}

// useKeys puts other signing keys in the place of those that are in use.
func (a *app) useKeys(keys auth.Keys) error {
	if a.shared != nil {
		if err := a.shared.Replace(derived(keys, "state")...); err != nil {
			return err
		}
	}
	a.keys.Replace(keys)
	a.sessions.Replace(derived(keys, "sessions")...)
	a.protocol.ReplaceKeys(derived(keys, "questions"))
	if a.sso != nil {
		a.sso.renew()
	}
	return nil
}

// reloader puts what files hold in the place of the credentials that were read from
// them before. Calls in progress keep those that they began with. It is for one
// goroutine.
type reloader struct {
	files   []*reloadable
	retired []retired
	retire  func(infrahub.Credential) // forgets the login of one
	overlap time.Duration             // that calls in progress may still need it
	secrets *telemetry.Secrets
	logger  *slog.Logger
	metrics *telemetry.Metrics
}

// reloadable is a file whose content can be replaced.
type reloadable struct {
	config.SecretFile
	held config.Secret             // what is in use
	use  func(config.Secret) error // puts another one in its place; it fails for one of the wrong form
	read os.FileInfo               // the file as it was read last, nil without one
	last os.FileInfo               // as it was looked at last
}

// retired is a credential that was replaced, and when.
type retired struct {
	credential infrahub.Credential
	since      time.Time
}

// lookInterval is the time between two looks at the files.
const lookInterval = time.Second

// run looks at the files until ctx ends.
func (r *reloader) run(ctx context.Context, signals <-chan os.Signal) {
	var looks <-chan time.Time // of no files there are none
	if len(r.files) > 0 {
		ticker := time.NewTicker(lookInterval)
		defer ticker.Stop()
		looks = ticker.C
	}
	for {
		select {
		case <-looks:
			for _, file := range r.files {
				if file.changed() {
					r.reload(file)
				}
			}
		case <-signals:
			r.reloadAll()
		case <-ctx.Done():
			return
		}
		r.retired = slices.DeleteFunc(r.retired, func(old retired) bool {
			over := time.Since(old.since) >= r.overlap
			if over {
				r.retire(old.credential)
			}
			return over
		})
	}
}

// reloadAll reads all files, as the operator asked for.
func (r *reloader) reloadAll() {
	same := true
	for _, file := range r.files {
		file.changed()
		same = r.reload(file) && same
	}
	if same {
		r.logger.Info("no credential has changed that comes from a file", "files", len(r.files))
	}
}

// changed reports whether the file is another one than was read and has been so since
// the look before: what is being written is left alone. A link that leads to another
// file, as Kubernetes replaces secrets, is a change.
func (f *reloadable) changed() bool {
	now, err := os.Stat(f.Path())
	if err != nil {
		now = nil
	}
	settled := alike(now, f.last)
	f.last = now
	return settled && !alike(now, f.read)
}

// alike reports whether two looks found the same file, unchanged, or both none.
func alike(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// reload reads a file. It reports whether what it holds is what is in use.
func (r *reloader) reload(f *reloadable) (same bool) {
	f.read = f.last
	if f.read != nil && !f.read.Mode().IsRegular() && !f.read.IsDir() {
		return true // a pipe gives what it has once
	}
	secret, err := f.Read()
	if err == nil && secret == f.held {
		return true
	}
	if err == nil {
		if r.secrets.Add(secret.Reveal()); f.Setting() == "INFRAHUB_MCP_SIGNING_KEY" { // of which there may be several
			for key := range strings.SplitSeq(secret.Reveal(), ",") {
				r.secrets.Add(key)
			}
		}
		err = f.use(secret)
	}
	if err != nil {
		r.metrics.Reload(telemetry.Failed)
		r.logger.Error("a file has changed and cannot be used; what it held before stays in use", "variable", f.Variable(), "path", f.Path(), "error", err)
		return false
	}
	f.held = secret
	r.metrics.Reload(telemetry.OK)
	r.logger.Info("a file has changed, and what it holds is in use from now on", "variable", f.Variable())
	return false
}
