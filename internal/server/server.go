// Package server puts the program together from its configuration: the Infrahub
// client, the catalogues, one of the two transports, and its end.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/kept"
	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/protocol"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/server/front"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/tool"
	"infrahub-mcp/internal/watch"
)

// Options are what a run needs beside the configuration.
type Options struct {
	// In and Out carry the protocol on stdio. Err takes the log.
	In       io.Reader
	Out, Err io.Writer
	// Version of this program, as clients see it.
	Version string
	// Warnings about the configuration, to be logged.
	Warnings []string
	// Reload, if set, gets something when the files of credentials are to be read
	// again, changed or not.
	Reload <-chan os.Signal
	// Listening, if set, is told the address of the HTTP server once it
	// accepts connections.
	Listening func(net.Addr)
}

// Limits that are not settings.
const (
	schemaAge      = 5 * time.Second // time after which a cached schema is checked
	schemasKept    = 16
	answersKept    = 64 << 20         // bytes
	writeLimit     = 30 * time.Second // for one write to a client
	leastCallLimit = 2 * time.Minute
	branchesKept   = 100_000            // session branches remembered
	branchLife     = 7 * 24 * time.Hour // after their last use
)

// Run serves until ctx is cancelled or, on stdio, the input ends. It never waits
// for Infrahub: a server that starts first finds it later.
func Run(ctx context.Context, cfg *config.Config, o Options) error {
	secrets := secretsOf(cfg)
	logger := newLogger(o.Err, cfg, secrets)
	for _, warning := range o.Warnings {
		logger.Warn("configuration", "warning", warning)
	}
	metrics := telemetry.NewMetrics(o.Version)
	traces, err := newTraces(ctx, cfg, o, logger)
	if err != nil {
		return err
	}
	defer traces.Close()
	a, err := newApp(ctx, cfg, o.Version, logger, metrics, traces)
	if err != nil {
		return err
	}
	defer a.upstream.Close()
	defer a.reloading(ctx, cfg, secrets, o.Reload)()

	defer a.share(ctx)()

	logger.Info("starting", "version", o.Version, "infrahub", cfg.Infrahub.Address, "transport", cfg.Server.Transport, "auth_mode", cfg.Auth.Mode)
	switch a.mode {
	case auth.ModeToken, auth.ModeBasic:
		logger.Info("passthrough_middleware", "enabled", true, "mode", string(a.mode))
	case auth.ModeOIDC:
		a.sso.announce(cfg, logger)
		ctx, cancel := context.WithCancel(ctx)
		defer func() {
			cancel()
			a.sso.stop()
		}()
		if err := a.sso.start(ctx); err != nil {
			return err
		}
	}
	if cfg.Tools.ReadOnly {
		logger.Info("read_only_mode", "enabled", true)
	}
	if cfg.Tools.RevealSecrets {
		logger.Warn("values of Password and HashedPassword attributes are shown to clients", "variable", "INFRAHUB_MCP_REVEAL_SECRETS")
	}
	if a.metricsAt != "" {
		stop, err := a.serveMetrics(ctx)
		if err != nil {
			return err
		}
		defer stop()
	}
	if cfg.Server.Transport == config.TransportHTTP {
		err = a.serveHTTP(ctx, cfg, o.Listening)
	} else {
		err = protocol.NewStdio(a.protocol, protocol.StdioOptions{Grace: max(cfg.Server.ShutdownTimeout, time.Nanosecond)}).Serve(auth.WithIdentity(ctx, a.own.Identity()), o.In, o.Out)
	}
	logger.Info("stopped")
	return err
}

// app is what both transports serve.
type app struct {
	upstream *infrahub.Upstream
	mode     auth.Mode
	own      *auth.None // everyone, in mode none
	accounts *auth.Accounts
	sso      *singleSignOn // in mode oidc
	public   string        // where clients reach the server, "" when that is not known
	path     string        // of MCP
	credit   bool          // Infrahub is told who the user is
	gate     *gate
	keys     auth.Keys
	sessions *protocol.Sessions
	shared   *state.Redis // among replicas, nil for one alone
	schemas  *schema.Cache
	answers  *kept.Answers // nil: none are kept
	branches *branch.Manager
	settings call.Settings
	metrics  *telemetry.Metrics
	reading  http.Handler // of the metrics
	// metricsAt is where they are read on a port of their own, "" for the port of
	// MCP.
	metricsAt string
	logger    *slog.Logger
	protocol  *protocol.Server
	ending    atomic.Bool // it was told to end
}

func newApp(ctx context.Context, cfg *config.Config, version string, logger *slog.Logger, metrics *telemetry.Metrics, traces *telemetry.Traces) (*app, error) {
	upstream, err := infrahub.New(upstreamSettings(cfg, version, logger, metrics))
	if err != nil {
		return nil, fmt.Errorf("preparing the connection to Infrahub: %w", err)
	}
	pattern, err := config.ParsePattern(cfg.Branch.Pattern)
	if err != nil {
		return nil, fmt.Errorf("reading the pattern of session branches: %w", err)
	}
	own := auth.NewNone(infrahub.Credential{
		Token: cfg.Infrahub.APIToken.Reveal(), Username: cfg.Infrahub.Username, Password: cfg.Infrahub.Password.Reveal(),
	})
	accounts := auth.NewAccounts(auth.Profile(upstream), logger, metrics)
	keys, err := signingKeys(cfg)
	if err != nil {
		return nil, err
	}
	shared, err := newState(cfg, keys, logger, metrics)
	if err != nil {
		return nil, err
	}
	var sso *singleSignOn
	if auth.Mode(cfg.Auth.Mode) == auth.ModeOIDC {
		if sso, err = newSingleSignOn(ctx, cfg, own, keys, shared, logger, metrics); err != nil {
			return nil, err
		}
	}
	authenticator, err := authenticatorOf(cfg, keys, own, accounts, sso)
	if err != nil {
		return nil, err
	}
	gate, err := newGate(cfg, authenticator, shared, metrics)
	if err != nil {
		return nil, err
	}
	watcher := watch.New()
	a := &app{
		upstream: upstream,
		mode:     auth.Mode(cfg.Auth.Mode),
		own:      own,
		accounts: accounts,
		sso:      sso,
		public:   cfg.Auth.OIDCBaseURL,
		path:     cfg.Server.Path,
		credit:   sso != nil && cfg.Auth.OIDCPassUser,
		gate:     gate,
		keys:     keys,
		sessions: protocol.NewSessions(cfg.Server.SessionTTL, principal, derived(keys, "sessions")...),
		shared:   shared,
		branches: branch.NewManager(branch.Options{
			Pattern: pattern, Attempts: cfg.Branch.MaxRetries,
			Store: branchStore(shared), Changed: watcher.Hurry, Logger: logger,
		}),
		schemas: schema.NewCache(schemaAge, schemasKept, metrics),
		settings: call.Settings{
			AllowAgnostic: cfg.Writes.AllowAgnostic, ConfirmDelete: call.ConfirmDelete(cfg.Writes.ConfirmDeletes),
			RevealSecrets: cfg.Tools.RevealSecrets, ExpandPeers: cfg.Tools.SchemaExpandPeers,
			MaxBytes: cfg.Tools.MaxResponseBytes, PageSize: cfg.Infrahub.PaginationSize, Concurrency: cfg.Infrahub.MaxConcurrentExecution,
			CallLimit: max(leastCallLimit, 3*cfg.Infrahub.Timeout), DefaultBranch: cfg.Infrahub.DefaultBranch, Version: version,
		},
		metrics:   metrics,
		reading:   metrics.JSON(),
		metricsAt: cfg.Telemetry.MetricsAddress,
		logger:    logger,
	}
	if cfg.Limits.CacheEnabled {
		a.answers = kept.New(kept.Options{Life: cfg.Limits.CacheReadTTL, Bytes: answersKept, Metrics: metrics})
	}
	if cfg.Telemetry.PrometheusEnabled {
		a.reading = metrics.Exposition()
	}
	if cfg.Tools.ReadOnly {
		a.settings.WhyReadOnly = "The operator made this server read-only (INFRAHUB_MCP_READ_ONLY)."
	}
	options := protocol.Options{
		Name: "infrahub-mcp", Title: "Infrahub", Version: version,
		Tools: tool.Catalogue(), Resources: resource.Catalogue(), Prompts: prompt.Catalogue(),
		ReadOnly: cfg.Tools.ReadOnly, NewCall: a.call, Principal: principal, Watcher: watcher,
		Keys: derived(keys, "questions"), Shared: shared, Metrics: metrics, Traces: traces, Logger: logger,
	}
	if cfg.Limits.CacheEnabled {
		options.ListLife = cfg.Limits.CacheListTTL
	}
	if sso != nil { // elsewhere all may write that reach the server
		options.MayWrite = a.mayWrite
		if len(cfg.Auth.ScopesWrite) > 0 {
			options.Client = clientOf
		}
	}
	a.protocol = protocol.New(options)
	return a, nil
}

// call makes the Call of one request, which acts with the credential of whoever
// sent it: in mode none everyone with the server's own.
func (a *app) call(ctx context.Context, origin protocol.Origin) (*call.Call, error) {
	id := auth.IdentityFrom(ctx)
	if !a.passesThrough() {
		// A stream, or standard input, may be open for longer than a credential is good.
		id.Credential = a.own.Credential()
	}
	user, err := a.user(ctx, id)
	if err != nil {
		return nil, err
	}
	settings := a.settings
	if a.sso != nil && settings.WhyReadOnly == "" && !a.mayWrite(ctx) {
		settings.WhyReadOnly = "This login does not allow writing. Log in again and allow changes, or ask the operator for the permission to write."
	}
	client := a.upstream.Client(id.Credential).For(cmp.Or(id.Principal.Key, origin.Session)).OnRetry(func(r infrahub.Retry) { origin.Log(retried(r)) })
	branches := a.branches.Session(client, branch.Owner{
		Principal: id.Principal.Key, Session: origin.Session, User: user, Unnamed: a.sso != nil && !a.credit,
	})
	current, err := branches.Current(ctx)
	if err != nil && !errors.Is(err, branch.ErrAway) {
		return nil, err
	}
	credit := ""
	if a.credit {
		credit = user
	}
	return &call.Call{
		SharedAccount: a.sso != nil,
		Credit:        credit,
		Client:        client,
		Schemas:       a.schemas,
		Kept:          a.keptFor(id.Principal, client),
		Settings:      settings,
		User:          cmp.Or(user, call.Anonymous),
		Subject:       id.Principal.Subject,
		Logger:        a.logger,
		Metrics:       a.metrics,
		Branches:      branches,
		SessionBranch: current,
		BranchUnknown: err != nil,
		Modern:        origin.Modern,
		Ask:           origin.Ask,
		Report:        origin.Report,
		Log:           origin.Log,
		Commit:        origin.Commit,
	}, nil
}

// keptFor are the answers that a caller was given before, who is named by all that
// decides on what they are answered; nil where none are kept.
func (a *app) keptFor(p auth.Principal, client *infrahub.Client) *kept.Caller {
	if a.answers == nil {
		return nil
	}
	return a.answers.For(fmt.Sprintf("%q %q %q", p.Key, p.Scopes, client.Key()))
}

// retried tells the user of a client why a call takes longer.
func retried(r infrahub.Retry) call.Message {
	text := "Infrahub does not answer"
	if r.Reason == infrahub.Overloaded {
		text = "Infrahub is busy"
	}
	return call.Message{
		Level: call.Warning, Text: fmt.Sprintf("%s; the request is sent again in %s.", text, r.Wait.Round(100*time.Millisecond)),
		Details: map[string]any{"reason": r.Reason.String(), "wait_seconds": r.Wait.Seconds()},
	}
}

// user is the name of who sent a request, "" when nobody knows it.
func (a *app) user(ctx context.Context, id auth.Identity) (string, error) {
	switch a.mode {
	case auth.ModeNone:
		return "", nil
	case auth.ModeOIDC:
		return id.Principal.Name, nil
	default:
		return a.accounts.Name(ctx, id)
	}
}

// mayWrite reports whether who sent a request may write, in mode oidc.
func (a *app) mayWrite(ctx context.Context) bool {
	return a.sso.MayWrite(auth.IdentityFrom(ctx).Principal)
}

// stepUp records a call that its sender may not make, in mode oidc, and returns
// the challenge that says what is missing.
func (a *app) stepUp(ctx context.Context, tool string) string {
	p := auth.IdentityFrom(ctx).Principal
	a.metrics.ToolCall(tool, telemetry.Refused, telemetry.ClassForbidden, 0)
	a.logger.InfoContext(ctx, "tool_call", "tool", tool, "user", p.Name, "branch", "", "outcome", "refused", "reason", "insufficient scope", "subject", p.Subject)
	return a.sso.StepUp()
}

func upstreamSettings(cfg *config.Config, version string, logger *slog.Logger, metrics *telemetry.Metrics) infrahub.Settings {
	attempts, delay := cfg.Limits.RetryMaxAttempts, cfg.Limits.RetryBaseDelay
	if attempts == 0 && cfg.Infrahub.RetryOnFailure {
		attempts, delay = 3, cfg.Infrahub.RetryDelay
	}
	return infrahub.Settings{
		Address: cfg.Infrahub.Address, Timeout: cfg.Infrahub.Timeout,
		CAFile: cfg.Infrahub.TLSCAFile, Insecure: cfg.Infrahub.TLSInsecure,
		Proxy: cfg.Infrahub.Proxy.Reveal(), ProxyHTTP: cfg.Infrahub.ProxyMountsHTTP.Reveal(), ProxyHTTPS: cfg.Infrahub.ProxyMountsHTTPS.Reveal(),
		Priority: cfg.Infrahub.Priority, ReadAttempts: attempts, ReadDelay: delay,
		RateLimit: infrahub.RateLimit{
			Retry: cfg.Infrahub.RateLimitRetryEnabled, MaxRetries: cfg.Infrahub.RateLimitMaxRetries,
			Base: cfg.Infrahub.RateLimitBackoffBase, Max: cfg.Infrahub.RateLimitBackoffMax,
		},
		MaxConcurrent: cfg.Infrahub.MaxConcurrentExecution, QueueTimeout: cfg.Limits.QueueTimeout,
		BreakerFailures: cfg.Limits.BreakerFailures, BreakerPause: cfg.Limits.BreakerPause,
		UserAgent: "infrahub-mcp/" + version,
		Logger:    logger,
		Metrics:   metrics,
	}
}

// serveHTTP serves streamable HTTP until ctx is cancelled, then lets calls in
// progress finish.
func (a *app) serveHTTP(ctx context.Context, cfg *config.Config, listening func(net.Addr)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(cfg.Server.Host, strconv.Itoa(cfg.Server.Port)))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	listener = front.LimitConnections(listener, cfg.Server.MaxConnections)
	options := protocol.HTTPOptions{Ping: cfg.Server.PingInterval, Enter: a.gate.enter}
	if a.sso != nil {
		options.StepUp = a.stepUp
	}
	mcp := protocol.NewHTTP(a.protocol, a.sessions, options)
	server := &http.Server{
		Handler:           a.handler(mcp),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second, // of header and body; answers may take longer
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug),
		// No WriteTimeout: it would cut streams. Each write has a limit of its own.
	}
	server.RegisterOnShutdown(mcp.Close)
	defer a.keepUp(ctx, mcp)()
	scheme := "http"
	if cfg.Server.TLSCertFile != "" {
		scheme = "https"
		certificate, err := front.LoadCertificate(cfg.Server.TLSCertFile, cfg.Server.TLSKeyFile, a.logger)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		server.TLSConfig = certificate.Config()
	}
	a.logger.Info("listening", "address", scheme+"://"+listener.Addr().String()+a.path)
	if !isLoopback(cfg.Server.Host) && a.mode == auth.ModeNone {
		a.logger.Warn("everyone who reaches this address acts with the server's Infrahub credential", "address", listener.Addr().String(), "auth_mode", cfg.Auth.Mode)
	}
	if listening != nil {
		listening(listener.Addr())
	}
	stopped := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			stopped <- server.ServeTLS(listener, "", "")
			return
		}
		stopped <- server.Serve(listener)
	}()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	return a.end(context.WithoutCancel(ctx), server, mcp, cfg.Server.ShutdownDelay, cfg.Server.ShutdownTimeout)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
