package front

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/cors"
)

// Origins are the web pages that may use the server from a browser. Programs
// send no Origin and are not concerned.
type Origins struct {
	any    bool
	listed []origin
	public []origin // that of the public URL, if there is one
	hosts  Hosts
}

// origin is what a page was loaded from (RFC 6454), or a rule for such.
type origin struct {
	scheme, host string
	sub          bool   // of a rule: hosts below that one, and not itself
	port         string // given, or that of the scheme; "" where a scheme has none
}

// preflightAge is the time in seconds for which browsers may remember what they
// are allowed.
const preflightAge = 600

// NewOrigins returns the origins of a list, whose entries are scheme://host or
// scheme://host:port, with *.name as the host for all names below one; "*" is
// any origin. Not listed, the pages of the public URL, of a host that the server
// is known by, and of loopback to a client on loopback may send requests, too;
// the browser will not show them answers from another origin (see CORS).
func NewOrigins(allowed []string, public string, hosts Hosts) (Origins, error) {
	o := Origins{hosts: hosts}
	for _, entry := range allowed {
		if entry == "*" {
			o.any = true
			continue
		}
		rule, err := parseOriginRule(entry)
		if err != nil {
			return Origins{}, err
		}
		o.listed = append(o.listed, rule)
	}
	if public != "" {
		u, err := url.Parse(public)
		if err != nil {
			return Origins{}, fmt.Errorf("reading the public URL: %w", err)
		}
		from, ok := parseOrigin(u.Scheme + "://" + u.Host)
		if !ok {
			return Origins{}, fmt.Errorf("the public URL %q has no origin", public)
		}
		o.public = append(o.public, from)
	}
	return o, nil
}

// Guard answers 403 to requests from pages of other origins (MCP, Transports,
// Security Warning).
func (o Origins) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Values("Origin"); len(from) > 1 || len(from) == 1 && !o.admits(r, from[0]) {
			refuse(w, http.StatusForbidden, "invalid_origin", "This server does not answer to web pages of that origin. Its operator lists those it answers to in INFRAHUB_MCP_ALLOWED_ORIGINS.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// CORS returns the middleware that lets pages of the listed origins read
// answers, and that answers their preflight requests (Fetch, CORS protocol). It
// is nil when none is listed. The headers are those that clients may send
// beside the ones of MCP, such as one that carries a credential.
func (o Origins) CORS(headers ...string) Middleware {
	if !o.any && len(o.listed) == 0 {
		return nil
	}
	return cors.New(cors.Options{
		AllowOriginVaryRequestFunc: func(_ *http.Request, from string) (bool, []string) { return o.lists(from), nil },
		AllowedMethods:             []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowedHeaders: append([]string{
			"Accept", "Authorization", "Content-Type", "Last-Event-ID", "Mcp-Method", "Mcp-Name", "Mcp-Protocol-Version", "Mcp-Session-Id", RequestIDHeader,
		}, headers...),
		ExposedHeaders: []string{"Mcp-Session-Id", "Retry-After", "WWW-Authenticate", RequestIDHeader},
		MaxAge:         preflightAge,
	}).Handler
}

// admits tells whether a page may send a request.
func (o Origins) admits(r *http.Request, from string) bool {
	if o.lists(from) {
		return true
	}
	page, ok := parseOrigin(from)
	if !ok || page.scheme != "http" && page.scheme != "https" {
		return false
	}
	if slices.Contains(o.public, page) {
		return true
	}
	host, port, ok := splitHost(r.Host)
	switch {
	case !ok:
		return false
	case isLoopback(host) && isLoopback(page.host):
		return true // such as the MCP inspector, on another port
	case port == "":
		port = defaultPort(page.scheme)
	}
	// A host that nobody vouches for may be that of the attacker, and the page
	// his, too.
	return page.host == host && page.port == port && o.hosts.knows(r)
}

// lists tells whether the operator allowed an origin by name.
func (o Origins) lists(from string) bool {
	if o.any {
		return true
	}
	page, ok := parseOrigin(from)
	return ok && slices.ContainsFunc(o.listed, func(rule origin) bool {
		return page.scheme == rule.scheme && page.port == rule.port && matches(page.host, rule.host, rule.sub)
	})
}

// parseOrigin reads an Origin header. The origin "null", of which there are
// many, has no host.
func parseOrigin(text string) (origin, bool) {
	scheme, rest, found := strings.Cut(strings.ToLower(text), "://")
	if !found || scheme == "" || strings.ContainsAny(rest, "/?#@\\ ") {
		return origin{}, false
	}
	host, port, ok := splitHost(rest)
	if !ok || strings.HasSuffix(rest, ":") {
		return origin{}, false
	}
	if port == "" {
		port = defaultPort(scheme)
	}
	return origin{scheme: scheme, host: host, port: port}, true
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	default:
		return ""
	}
}

// parseOriginRule reads one entry of the list.
func parseOriginRule(entry string) (origin, error) {
	wrong := func(why string) (origin, error) {
		return origin{}, fmt.Errorf("%q is not an origin: %s", entry, why)
	}
	if entry == "null" {
		return wrong("every page in a sandbox has this one, whoever made it")
	}
	rule, ok := parseOrigin(entry)
	if !ok {
		return wrong("write scheme://host or scheme://host:port, as in https://app.example.com, without a path")
	}
	for _, c := range rule.scheme {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("+-.", c) {
			return wrong("its scheme is none")
		}
	}
	if number, err := strconv.ParseUint(rule.port, 10, 16); rule.port != "" && (err != nil || number == 0) {
		return wrong("its port is not between 1 and 65535")
	}
	rule.host, rule.sub = strings.CutPrefix(rule.host, "*.")
	if why := wrongName(rule.host); why != "" {
		return wrong(why)
	}
	return rule, nil
}
