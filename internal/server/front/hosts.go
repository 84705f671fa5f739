package front

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hosts are the names under which clients reach the server. A request for
// another one is refused: a web page that points a name of its own at this
// server would send such (DNS rebinding).
//
// Addresses of loopback and the very address that a connection came in on are
// known without being listed. No name server can lie about them, and probes of
// containers and health checks use them.
type Hosts struct {
	any   bool
	rules []hostRule
}

// hostRule is one entry of the list.
type hostRule struct {
	name string // lower case, no dot at the end; an IP address in its usual form
	sub  bool   // names below it, and not itself
	port string // "" is any
}

// NewHosts returns the names of a list, whose entries are host names, IP
// addresses or *.name for all names below one, each with a port if that must
// be the same; "*" is any host. To these comes the host of the public URL, if
// that is not empty. With neither, a server on a loopback address is known by
// loopback names only and one that listens elsewhere by any name.
func NewHosts(allowed []string, listen, public string) (Hosts, error) {
	var h Hosts
	for _, entry := range allowed {
		if entry == "*" {
			h.any = true
			continue
		}
		rule, err := parseHost(entry)
		if err != nil {
			return Hosts{}, err
		}
		h.rules = append(h.rules, rule)
	}
	if public != "" {
		u, err := url.Parse(public)
		if err != nil || u.Hostname() == "" {
			return Hosts{}, fmt.Errorf("the public URL %q has no host", public)
		}
		h.rules = append(h.rules, hostRule{name: normalHost(u.Hostname())})
	}
	if len(allowed) == 0 && public == "" {
		h.any = !isLoopback(normalHost(strings.Trim(listen, "[]")))
	}
	return h, nil
}

// Guard answers 403 to requests for other hosts.
func (h Hosts) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.any && !h.knows(r) {
			refuse(w, http.StatusForbidden, "invalid_host", "This server is not known by that host name. Its operator lists the names in INFRAHUB_MCP_ALLOWED_HOSTS.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knows tells whether the host of a request is one of those listed or needs no
// list. That any host is admitted makes none known.
func (h Hosts) knows(r *http.Request) bool {
	name, port, ok := splitHost(r.Host)
	if !ok {
		return false
	}
	if isLoopback(name) || isLocal(r, name) {
		return true
	}
	return slices.ContainsFunc(h.rules, func(rule hostRule) bool {
		return matches(name, rule.name, rule.sub) && (rule.port == "" || rule.port == port || port == "" && isDefault(rule.port))
	})
}

// isDefault tells whether browsers leave a port out. Which of the two schemes
// the client uses is not known where a proxy ends TLS.
func isDefault(port string) bool { return port == "80" || port == "443" }

// isLocal tells whether a host is the address that the connection came in on.
func isLocal(r *http.Request, name string) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	host, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().WithZone("") == host
}

// isLoopback tells whether a normal host means this machine alone.
func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// matches compares a normal host with a rule.
func matches(name, rule string, sub bool) bool {
	if sub {
		return strings.HasSuffix(name, "."+rule) && len(name) > len(rule)+1
	}
	return name == rule
}

// splitHost takes a Host header apart (RFC 9110, section 7.2) and puts the host
// into its normal form.
func splitHost(hostport string) (name, port string, ok bool) {
	if !strings.Contains(hostport, ":") || strings.HasSuffix(hostport, "]") {
		hostport += ":" // net.SplitHostPort wants a port, which may be empty
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", "", false
	}
	// Brackets are for IPv6 addresses alone (RFC 3986, section 3.2.2).
	if strings.HasPrefix(hostport, "[") != strings.Contains(host, ":") {
		return "", "", false
	}
	name = normalHost(host)
	return name, port, name != ""
}

// normalHost puts a host into the form in which hosts are compared: lower case,
// without the dot of the root, addresses as netip writes them.
func normalHost(host string) string {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return name
}

// parseHost reads one entry of the list.
func parseHost(entry string) (hostRule, error) {
	wrong := func(why string) (hostRule, error) {
		return hostRule{}, fmt.Errorf("%q is not a host: %s", entry, why)
	}
	if ip, err := netip.ParseAddr(entry); err == nil {
		return hostRule{name: normalHost(ip.String())}, nil
	}
	if strings.Contains(entry, "://") {
		return wrong("leave out the scheme")
	}
	name, port, ok := splitHost(entry)
	if !ok || strings.HasSuffix(entry, ":") {
		return wrong("write name, name:port, *.name, an IP address, or [IPv6 address]:port")
	}
	if number, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || number == 0) {
		return wrong("its port is not between 1 and 65535")
	}
	rule := hostRule{name: name, port: port}
	rule.name, rule.sub = strings.CutPrefix(name, "*.")
	if why := wrongName(rule.name); why != "" {
		return wrong(why)
	}
	return rule, nil
}

// wrongName says what is wrong with a host name or address, if anything is.
func wrongName(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	if strings.Contains(name, "*") {
		return "a * stands for the labels in front, as in *.example.com"
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" {
			return "a part between two dots is empty"
		}
		for _, c := range label {
			switch {
			case c > '~':
				return "write names in other scripts in their ASCII form (xn--…)"
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			default:
				return fmt.Sprintf("the character %q cannot be in it", c)
			}
		}
	}
	return ""
}
