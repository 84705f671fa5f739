package infrahub

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// newTransport returns the one connection pool of the process. Its errors name
// the bad setting; they do not quote proxies, whose URLs may hold passwords.
func newTransport(s Settings) (*http.Transport, error) {
	proxy, proxyErr := newProxy(s)
	trust, trustErr := newTLSConfig(s)
	if err := errors.Join(proxyErr, trustErr); err != nil {
		return nil, err
	}
	kept := 32
	if s.MaxConcurrent > 0 {
		kept = s.MaxConcurrent
	}
	return &http.Transport{
		Proxy:               proxy,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        kept,
		MaxIdleConnsPerHost: kept,
		// Infrahub closes a connection that was idle for about two seconds. To
		// close it first spares the request that would meet the closed one.
		IdleConnTimeout:        1500 * time.Millisecond,
		MaxResponseHeaderBytes: 256 << 10,
	}, nil
}

// newProxy returns the function that chooses the proxy of a request.
func newProxy(s Settings) (func(*http.Request) (*url.URL, error), error) {
	if s.Proxy == "" && s.ProxyHTTP == "" && s.ProxyHTTPS == "" {
		return http.ProxyFromEnvironment, nil
	}
	all, errAll := parseProxy("INFRAHUB_PROXY", s.Proxy)
	plain, errPlain := parseProxy("INFRAHUB_PROXY_MOUNTS_HTTP", s.ProxyHTTP)
	secure, errSecure := parseProxy("INFRAHUB_PROXY_MOUNTS_HTTPS", s.ProxyHTTPS)
	if err := errors.Join(errAll, errPlain, errSecure); err != nil {
		return nil, err
	}
	return func(r *http.Request) (*url.URL, error) {
		switch {
		case r.URL.Scheme == "http" && plain != nil:
			return plain, nil
		case r.URL.Scheme == "https" && secure != nil:
			return secure, nil
		}
		return all, nil
	}, nil
}

// parseProxy returns the URL of a proxy, nil for none.
func parseProxy(variable, value string) (*url.URL, error) {
	if value == "" {
		return nil, nil //nolint:nilnil // no proxy is a valid choice
	}
	u, err := url.Parse(value)
	if err == nil && u.Hostname() != "" {
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
			return u, nil
		}
	}
	return nil, fmt.Errorf("%s is not the URL of a proxy: use http://, https:// or socks5:// and a host", variable)
}

// newTLSConfig returns which certificates of the server are trusted.
func newTLSConfig(s Settings) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: s.Insecure, // #nosec G402 -- only when the operator sets INFRAHUB_TLS_INSECURE
	}
	if s.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_TLS_CA_FILE: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("INFRAHUB_TLS_CA_FILE: %s holds no PEM certificate", s.CAFile)
	}
	config.RootCAs = pool
	return config, nil
}
