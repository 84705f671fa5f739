package server

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/server/front"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
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
	load          *front.Load
	authenticator auth.Authenticator
	metrics       *telemetry.Metrics
	// login are the endpoints of mode oidc by path, which look after themselves:
	// any web page may use those that take no cookie.
	login map[string]http.Handler
	// header carries the credential when it is another than Authorization, for
	// web pages to be allowed to send it.
	header []string
}

// limitsKept bounds the clients whose rate is remembered.
const limitsKept = 10_000

func newGate(cfg *config.Config, authenticator auth.Authenticator, shared *state.Redis, metrics *telemetry.Metrics) (*gate, error) {
	g := &gate{authenticator: authenticator, metrics: metrics}
	var err error
	public := ""
	if authenticator, ok := authenticator.(*singleSignOn); ok {
		public, g.login = cfg.Auth.OIDCBaseURL, authenticator.Routes()
	}
	if g.hosts, err = front.NewHosts(cfg.Server.AllowedHosts, cfg.Server.Host, public); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_ALLOWED_HOSTS: %w", err)
	}
	if g.origins, err = front.NewOrigins(cfg.Server.AllowedOrigins, public, g.hosts); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_ALLOWED_ORIGINS: %w", err)
	}
	if g.proxies, err = front.NewProxies(cfg.Server.TrustedProxies); err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_TRUSTED_PROXIES: %w", err)
	}
	for name, limit := range map[string]**front.RateLimit{"address": &g.byAddress, "principal": &g.byPrincipal} {
		if *limit, err = front.NewRateLimit(cfg.Limits.RateLimitRPS, cfg.Limits.RateLimitBurst, limitsKept); err != nil {
			return nil, fmt.Errorf("INFRAHUB_MCP_RATE_LIMIT_RPS: %w", err)
		}
		(*limit).Share(shared, name)
	}
	g.load = front.NewLoad(cfg.Limits.MaxRequests, metrics)
	g.streams = front.NewStreams(front.StreamLimits{
		// Half for one address, behind which many may be: enough for all of them,
		// and nobody alone can keep the others out.
		Total: cfg.Server.MaxStreams, PerClient: (cfg.Server.MaxStreams + 1) / 2, Life: cfg.Server.SessionTTL,
	})
	if name := cfg.Auth.TokenPassthroughHeader; name != "Authorization" {
		g.header = []string{name}
	}
	return g, nil
}

// protect puts what concerns MCP alone before its handler.
func (g *gate) protect(mcp http.Handler) http.Handler {
	return front.Chain(mcp,
		g.streams.By(front.ByAddress, g.metrics),
		func(next http.Handler) http.Handler { return auth.Require(g.authenticator, next) },
		g.byPrincipal.By(func(r *http.Request) string { return auth.IdentityFrom(r.Context()).Principal.Key }, g.metrics, telemetry.PrincipalLimit))
}

// enter asks for a place among the requests that are worked on.
func (g *gate) enter(ctx context.Context) (leave func(), status int, wait time.Duration) {
	return g.load.Enter(principal(ctx))
}

// surround puts what concerns every request before the routes.
func (g *gate) surround(routes http.Handler, survive front.Middleware) http.Handler {
	login := slices.Collect(maps.Keys(g.login))
	return front.Chain(routes,
		front.WithRequestID, g.proxies.WithAddress, survive, front.LimitWrites(writeLimit), front.Linger(lingering()),
		g.hosts.Guard,
		front.Except(g.origins.Guard, login...), front.Except(g.origins.CORS(g.header...), login...),
		front.Except(g.byAddress.By(front.ByAddress, g.metrics, telemetry.AddressLimit), append(login, "/health", "/health/live", "/health/ready", "/metrics")...))
}

// elsewhere returns the gate of another address that the server listens on. The
// lists of names and web pages are those of MCP and say nothing about it.
func (g *gate) elsewhere(host string) (*gate, error) {
	other := *g
	other.login = nil
	var err error
	if other.hosts, err = front.NewHosts(nil, host, ""); err != nil {
		return nil, err
	}
	if other.origins, err = front.NewOrigins(nil, "", other.hosts); err != nil {
		return nil, err
	}
	return &other, nil
}

// lingering bounds what is read of a body after it was refused. A client that
// sends twenty megabytes where four are allowed learns so.
func lingering() front.LingerLimits {
	return front.LingerLimits{Bytes: 32 << 20, Time: 30 * time.Second, Pause: 2 * time.Second}
}

// clientAddress is where a request came from.
func clientAddress(r *http.Request) netip.Addr { return front.Address(r.Context()) }

// authenticatorOf returns what reads credentials in the mode of a configuration.
func authenticatorOf(cfg *config.Config, keys auth.Keys, own *auth.None, accounts *auth.Accounts, sso *singleSignOn) (auth.Authenticator, error) {
	var a auth.Authenticator
	var err error
	switch auth.Mode(cfg.Auth.Mode) {
	case auth.ModeNone:
		return own, nil
	case auth.ModeOIDC:
		return sso, nil
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

// clientOf names the program that sends a request for a user, and says since when its
// credential is good.
func clientOf(ctx context.Context) (name string, since time.Time) {
	p := auth.IdentityFrom(ctx).Principal
	return p.Key + "\x00" + p.Client, p.Since
}
