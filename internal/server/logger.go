package server

import (
	"io"
	"log/slog"
	"net/url"
	"strings"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/telemetry"
)

// newLogger returns the logger of a configuration. It hides the credentials of the
// server, and what comes in the header that carries those of callers.
func newLogger(w io.Writer, cfg *config.Config, secrets *telemetry.Secrets) *slog.Logger {
	return telemetry.NewLogger(w, telemetry.LogOptions{
		Level: cfg.Logging.Level, Format: telemetry.LogFormat(cfg.Logging.Format),
		Secrets: secrets, Headers: []string{cfg.Auth.TokenPassthroughHeader},
	})
}

// secretsOf are all credentials of a configuration.
func secretsOf(cfg *config.Config) *telemetry.Secrets {
	secrets := []string{
		cfg.Infrahub.APIToken.Reveal(), cfg.Infrahub.Password.Reveal(), cfg.Auth.OIDCClientSecret.Reveal(),
	}
	for key := range strings.SplitSeq(cfg.Auth.SigningKey.Reveal(), ",") {
		secrets = append(secrets, strings.TrimSpace(key))
	}
	for _, address := range []config.Secret{cfg.Infrahub.Proxy, cfg.Infrahub.ProxyMountsHTTP, cfg.Infrahub.ProxyMountsHTTPS, cfg.Auth.StateURL} {
		if u, err := url.Parse(address.Reveal()); err == nil {
			password, _ := u.User.Password()
			secrets = append(secrets, password)
		}
	}
	return telemetry.NewSecrets(secrets...)
}
