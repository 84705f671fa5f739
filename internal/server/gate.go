package server

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/server/front"
)

// gate is what stands before the protocol over HTTP: who may come, how often,
// from where, and as whom.
type gate struct {
	hosts         front.Hosts
	origins       front.Origins
	proxies       front.Proxies
	byAddress     *front.RateLimit
	byPrincipal   *front.RateLimit
	streams       *front.Streams
	authenticator auth.Authenticator
	// header carries the credential when it is another than Authorization, for
	// web pages to be allowed to send it.
	header []string
}

// limitsKept bounds the clients whose rate is remembered.
const limitsKept = 10_000

func newGate(cfg *config.Config, authenticator auth.Authenticator) (*gate, error) {
	g := &gate{authenticator: authenticator}
	var err error
	if g.hosts, err = front.NewHosts(cfg.Server.AllowedHosts, cfg.Server.Host, ""); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_ALLOWED_HOSTS: %w", err)
	}
	if g.origins, err = front.NewOrigins(cfg.Server.AllowedOrigins, "", g.hosts); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_ALLOWED_ORIGINS: %w", err)
	}
	if g.proxies, err = front.NewProxies(cfg.Server.TrustedProxies); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_TRUSTED_PROXIES: %w", err)
	}
	for _, limit := range []**front.RateLimit{&g.byAddress, &g.byPrincipal} {
		if *limit, err = front.NewRateLimit(cfg.Limits.RateLimitRPS, cfg.Limits.RateLimitBurst, limitsKept); err != nil {
			return nil, fmt.Errorf("INFRAHUB_MCP_RATE_LIMIT_RPS: %w", err)
		}
	}
	g.streams = front.NewStreams(front.StreamLimits{Total: cfg.Server.MaxStreams, Life: cfg.Server.SessionTTL})
	if name := cfg.Auth.TokenPassthroughHeader; name != "Authorization" {
		g.header = []string{name}
	}
	return g, nil
}

// protect puts what concerns MCP alone before its handler.
func (g *gate) protect(mcp http.Handler) http.Handler {
	return front.Chain(mcp,
		g.streams.By(front.ByAddress),
		func(next http.Handler) http.Handler { return auth.Require(g.authenticator, next) },
		g.byPrincipal.By(func(r *http.Request) string { return auth.IdentityFrom(r.Context()).Principal.Key }))
}

// surround puts what concerns every request before the routes.
func (g *gate) surround(routes http.Handler, survive front.Middleware) http.Handler {
	return front.Chain(routes,
		front.WithRequestID, g.proxies.WithAddress, survive, front.LimitWrites(writeLimit),
		g.hosts.Guard, g.origins.Guard, g.origins.CORS(g.header...),
		front.Except(g.byAddress.By(front.ByAddress), "/health", "/metrics"))
}

// clientAddress is where a request came from.
func clientAddress(r *http.Request) netip.Addr { return front.Address(r.Context()) }

// signingKeys returns those of a configuration, or random ones.
func signingKeys(cfg *config.Config) (auth.Keys, error) {
	if cfg.Auth.SigningKey == "" {
		return auth.NewKeys(), nil
	}
	keys, err := auth.ParseKeys(cfg.Auth.SigningKey.Reveal())
	if err != nil {
		return keys, fmt.Errorf("INFRAHUB_MCP_SIGNING_KEY: %w", err)
	}
	return keys, nil
}

// authenticatorOf returns what reads credentials in the mode of a configuration.
func authenticatorOf(cfg *config.Config, keys auth.Keys, own *auth.None, accounts *auth.Accounts) (auth.Authenticator, error) {
	var a auth.Authenticator
	var err error
	switch auth.Mode(cfg.Auth.Mode) {
	case auth.ModeNone:
		return own, nil
	case auth.ModeToken:
		a, err = auth.NewToken(cfg.Auth.TokenPassthroughHeader, keys)
	case auth.ModeBasic:
		a, err = auth.NewBasic(cfg.Auth.TokenPassthroughHeader, keys)
	default:
		return nil, fmt.Errorf("the mode %q is not offered", cfg.Auth.Mode)
	}
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER: %w", err)
	}
	return accounts.Limit(a, clientAddress), nil
}

// principal names who a request comes from, for what belongs to its sender.
func principal(ctx context.Context) string { return auth.IdentityFrom(ctx).Principal.Key }
