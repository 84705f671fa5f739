package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// checkTogether reports what is wrong with settings together: those that are
// missing, and those that contradict each other. complete is false when the
// .env file could not be read, so that nothing is known to be missing.
func (l *loader) checkTogether(c *Config, complete bool) {
	if complete {
		l.checkRequired()
	}
	if !l.entry("INFRAHUB_MCP_AUTH_MODE").malformed {
		l.checkMode(c, complete)
	}
	l.checkState(c)
	l.checkPaths(c)
	if (c.Server.TLSCertFile == "") != (c.Server.TLSKeyFile == "") {
		l.report("INFRAHUB_MCP_TLS_CERT_FILE and INFRAHUB_MCP_TLS_KEY_FILE go together: set both or neither.")
	}
	if both := l.given("INFRAHUB_PROXY_MOUNTS_HTTP", "INFRAHUB_PROXY_MOUNTS_HTTPS"); both != nil && l.given("INFRAHUB_PROXY") != nil {
		l.report("INFRAHUB_PROXY is set together with %s: set one proxy for all requests, or one for each scheme.", strings.Join(both, " and "))
	}
}

// checkState reports that replicas share what they could not read of each other:
// keys that each process makes for itself.
func (l *loader) checkState(c *Config) {
	if l.given("INFRAHUB_MCP_STATE_URL") == nil || c.Server.Transport != TransportHTTP {
		return
	}
	if l.given("INFRAHUB_MCP_SIGNING_KEY", "INFRAHUB_MCP_SIGNING_KEY_FILE") == nil && (c.Auth.Mode != AuthOIDC || c.Auth.OIDCClientSecret == "") {
		l.report("INFRAHUB_MCP_STATE_URL is set without INFRAHUB_MCP_SIGNING_KEY: replicas share a state only with a key that is the same for all of them. Set it to what \"openssl rand -base64 32\" prints.")
	}
}

// checkRequired reports the settings that nothing works without.
func (l *loader) checkRequired() {
	for i := range l.entries {
		if e := &l.entries[i]; e.Required && !e.given() {
			l.report("%s is not set, but must be %s.", e.Name, e.Allowed)
		}
	}
}

// checkPaths reports paths at which the server has something else.
func (l *loader) checkPaths(c *Config) {
	taken := []string{"/health", "/health/live", "/health/ready", "/metrics", "/register", "/token", "/revoke", "/authorize", "/consent"}
	callbacks := []string{c.Auth.OIDCRedirectPath, "/oauth/callback", "/auth/callback"}
	check := func(name, path string, taken []string) {
		if slices.Contains(taken, path) || strings.HasPrefix(path+"/", "/.well-known/") {
			l.report("%s is %q, where this server has something else: choose another path.", name, path)
		}
	}
	check("INFRAHUB_MCP_PATH", c.Server.Path, append(callbacks, taken...))
	check("INFRAHUB_MCP_OIDC_REDIRECT_PATH", c.Auth.OIDCRedirectPath, taken)
}

// checkMode reports what the mode of authentication needs and does not get.
func (l *loader) checkMode(c *Config, complete bool) {
	mode := c.Auth.Mode
	if mode == AuthNone || mode == AuthOIDC {
		l.checkCredential(complete)
	}
	if mode == AuthOIDC {
		l.checkOIDC()
	}
	if mode != AuthNone && c.Server.Transport == TransportStdio && !l.entry("transport").malformed {
		l.report("INFRAHUB_MCP_AUTH_MODE is %q, which needs --transport %s: on stdio there are no headers to carry a credential.", mode, TransportHTTP)
	}
}

// checkCredential reports that the credential of Infrahub is missing, double
// or half.
func (l *loader) checkCredential(complete bool) {
	token := l.given("INFRAHUB_API_TOKEN")
	login := l.given("INFRAHUB_USERNAME", "INFRAHUB_PASSWORD")
	switch {
	case token != nil && login != nil:
		l.report("INFRAHUB_API_TOKEN is set together with %s: set either the token, or user name and password.", strings.Join(login, " and "))
	case len(login) == 1:
		l.report("%s is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together.", login[0])
	case token == nil && login == nil && complete:
		l.report("No credential for Infrahub is set: set INFRAHUB_API_TOKEN, or INFRAHUB_USERNAME with INFRAHUB_PASSWORD.")
	}
}

// checkOIDC reports all that the mode oidc lacks, in one sentence.
func (l *loader) checkOIDC() {
	var missing []string
	for _, name := range []string{"INFRAHUB_MCP_OIDC_CONFIG_URL", "INFRAHUB_MCP_OIDC_CLIENT_ID", "INFRAHUB_MCP_OIDC_BASE_URL"} {
		if l.given(name) == nil {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		l.report("INFRAHUB_MCP_AUTH_MODE is %q, which also needs %s.", AuthOIDC, strings.Join(missing, ", "))
	}
}

// risks warns of settings that are allowed and dangerous.
func (l *loader) risks(c *Config) []string {
	var warnings []string
	if c.Infrahub.TLSInsecure {
		warnings = append(warnings, "INFRAHUB_TLS_INSECURE is on: the certificate of Infrahub is not checked.")
	}
	if c.Auth.Mode == AuthOIDC && plain(c.Auth.OIDCBaseURL) {
		warnings = append(warnings, "INFRAHUB_MCP_OIDC_BASE_URL is http: whoever sits in between can read tokens, and some clients refuse to log in. Use https but for trials on one machine.")
	}
	elsewhere := func(name string) bool {
		from := l.entry(name).from
		return from == byVariable || from == bySecretFile
	}
	if l.entry("INFRAHUB_ADDRESS").from == byFile && (elsewhere("INFRAHUB_API_TOKEN") || elsewhere("INFRAHUB_PASSWORD")) {
		warnings = append(warnings, "INFRAHUB_ADDRESS comes from "+l.file.path+" while the credential sent there comes from the environment.")
	}
	return warnings
}

// plain tells whether an address is http of another machine than this.
func plain(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Hostname() == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err != nil || !ip.IsLoopback()
}

// given returns those of some settings that have a value of their own, as they were
// given.
func (l *loader) given(names ...string) []string {
	var given []string
	for _, name := range names {
		switch e := l.entry(name); {
		case e.from == bySecretFile:
			given = append(given, e.File)
		case e.given():
			given = append(given, name)
		}
	}
	return given
}

// entry returns a setting by the name of its variable or flag.
func (l *loader) entry(name string) *entry {
	for i := range l.entries {
		if e := &l.entries[i]; e.Name == name || e.Flag == name {
			return e
		}
	}
	return &entry{} // the tests prove that every name used here exists
}
