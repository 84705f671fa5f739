package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/ledger"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/server/front"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
)

// Limits of the endpoints of a login, which anyone may use without a token: of
// one address, behind which a whole company may be, and of all together.
const (
	loginsPerSecond    = 20
	loginsAtOnce       = 100
	allLoginsPerSecond = 200
	allLoginsAtOnce    = 1000
)

// singleSignOn is mode oidc, running.
type singleSignOn struct {
	*oidc.Server
	provider *provider.Provider
	secret   atomic.Pointer[config.Secret] // of this server at the provider
	box      *seal.Box                     // of the registry of clients
	close    func()
	running  sync.WaitGroup
}

// newSingleSignOn builds mode oidc. It asks nobody but the shared store.
func newSingleSignOn(ctx context.Context, cfg *config.Config, own *auth.None, keys auth.Keys, shared *state.Redis, logger *slog.Logger, metrics *telemetry.Metrics) (*singleSignOn, error) {
	documents, err := client.ParseDocumentPolicy(strings.Join(cfg.Auth.OIDCCIMD, ","))
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_OIDC_CIMD: %w", err)
	}
	box := seal.New(keys)
	s := &singleSignOn{box: box, close: func() {}}
	s.secret.Store(&cfg.Auth.OIDCClientSecret)
	s.provider, err = provider.New(provider.Settings{
		ConfigURL: cfg.Auth.OIDCConfigURL, ClientID: cfg.Auth.OIDCClientID, ClientSecret: s.clientSecret,
		RedirectURL: cfg.Auth.OIDCBaseURL + cfg.Auth.OIDCRedirectPath, Scopes: cfg.Auth.OIDCScopes, Online: !cfg.Auth.OIDCOfflineAccess, WriteScopes: writeScopes(cfg),
		ScopeClaims: cfg.Auth.OIDCScopeClaims, Audience: cfg.Auth.OIDCAudience, UserClaim: cfg.Auth.OIDCUserClaim, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("mode oidc: %w", err)
	}
	wait, err := loginLimit(shared, metrics)
	if err != nil {
		return nil, err
	}
	var store ledger.Store = ledger.NewMemory()
	if shared != nil {
		remembered, err := ledger.NewRedis(ctx, shared)
		if err != nil { // what was revoked would be accepted
			return nil, errors.Join(fmt.Errorf("INFRAHUB_MCP_STATE_URL: %w", err), shared.Close())
		}
		store, s.close = remembered, remembered.Close
	}
	s.Server, err = oidc.New(oidc.Settings{
		BaseURL: cfg.Auth.OIDCBaseURL, Path: cfg.Server.Path, RedirectPath: cfg.Auth.OIDCRedirectPath,
		WriteScopes: cfg.Auth.ScopesWrite, ReadOnly: cfg.Tools.ReadOnly, Keys: keys, Provider: s.provider,
		Clients: client.New(client.Settings{
			Box: box, KnownID: cfg.Auth.OIDCClientID, AllowedRedirectURIs: cfg.Auth.OIDCAllowedRedirects, Documents: documents, Logger: logger,
		}),
		Ledger: store, Credential: own.Credential, Wait: wait, Logger: logger, Metrics: metrics,
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// clientSecret is that of this server at the provider as it is now.
func (s *singleSignOn) clientSecret() string { return s.secret.Load().Reveal() }

// renew takes the signing keys as they are now.
func (s *singleSignOn) renew() {
	s.box.Renew()
	s.Renew()
}

// writeScopes are those to ask the provider for.
func writeScopes(cfg *config.Config) []string {
	if cfg.Tools.ReadOnly {
		return nil
	}
	return cfg.Auth.ScopesWrite
}

// start finds the provider, and keeps up with it until ctx ends. Only a wrong
// setting is an error: a provider that does not answer may come later.
func (s *singleSignOn) start(ctx context.Context) error {
	if err := s.provider.Start(ctx); err != nil {
		return fmt.Errorf("mode oidc: %w", err)
	}
	s.running.Go(func() { s.provider.Run(ctx) })
	return nil
}

// stop ends what start began, whose context has to be done.
func (s *singleSignOn) stop() {
	s.running.Wait()
	s.close()
}

// announce writes the lines that say how callers are authenticated.
func (s *singleSignOn) announce(cfg *config.Config, logger *slog.Logger) {
	logger.Info("oidc_auth", "enabled", true, "config_url", cfg.Auth.OIDCConfigURL, "client_id", cfg.Auth.OIDCClientID)
	scopes := "[]"
	if len(cfg.Auth.ScopesWrite) > 0 {
		scopes = "['" + strings.Join(cfg.Auth.ScopesWrite, "', '") + "']"
	}
	logger.Info("auth_middleware", "enabled", true, "auth_mode", cfg.Auth.Mode, "write_scopes", scopes)
	if cfg.Auth.SigningKey != "" {
		return
	}
	if cfg.Auth.OIDCClientSecret != "" {
		logger.Warn("tokens are signed with a key made of the client secret: whoever knows it can forge them, and changing it logs everyone out", "variable", "INFRAHUB_MCP_SIGNING_KEY")
		return
	}
	logger.Warn("tokens are signed with a random key: a restart logs everyone out, and replicas do not know each other's", "variable", "INFRAHUB_MCP_SIGNING_KEY")
}

// loginLimit returns how long the sender of a request has to wait, by address and
// all together.
func loginLimit(shared *state.Redis, metrics *telemetry.Metrics) (func(*http.Request) time.Duration, error) {
	byAddress, err := front.NewRateLimit(loginsPerSecond, loginsAtOnce, limitsKept)
	if err != nil {
		return nil, err
	}
	together, err := front.NewRateLimit(allLoginsPerSecond, allLoginsAtOnce, 1)
	if err != nil {
		return nil, err
	}
	byAddress.Share(shared, "logins")
	together.Share(shared, "all logins")
	return func(r *http.Request) time.Duration {
		wait := byAddress.Wait(r.Context(), front.ByAddress(r))
		if wait == 0 {
			wait = together.Wait(r.Context(), "all")
		}
		if wait > 0 {
			metrics.PutOff(telemetry.LoginLimit)
		}
		return wait
	}, nil
}

// signingKeys returns those of a configuration. Without any, mode oidc makes them
// of its client secret, which replicas share; other keys are random.
func signingKeys(cfg *config.Config) (auth.Keys, error) {
	if text := cfg.Auth.SigningKey.Reveal(); text != "" {
		keys, err := auth.ParseKeys(text)
		if err != nil {
			return keys, fmt.Errorf("%s: %w", nameOf("INFRAHUB_MCP_SIGNING_KEY", cfg), err)
		}
		return keys, nil
	}
	if keysOfClientSecret(cfg) {
		return auth.KeysOf(cfg.Auth.OIDCClientSecret.Reveal()), nil
	}
	return auth.NewKeys(), nil
}

// keysOfClientSecret reports whether the signing keys are made of the client secret.
func keysOfClientSecret(cfg *config.Config) bool {
	return cfg.Auth.SigningKey == "" && cfg.Auth.OIDCClientSecret != "" && auth.Mode(cfg.Auth.Mode) == auth.ModeOIDC
}

// nameOf is the variable that a secret setting was given by.
func nameOf(setting string, cfg *config.Config) string {
	for _, file := range cfg.SecretFiles {
		if file.Setting() == setting {
			return file.Variable()
		}
	}
	return setting
}
