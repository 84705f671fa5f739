package oidc

import (
	"net/http"
	"strings"
	"time"
)

// Names of cookies, without their prefix.
const (
	consentCookie = "imcp_c"  // binds a consent page to a browser
	journeyPrefix = "imcp_s_" // binds a login at the provider to a browser; one for each
)

// maxJourneys is how many logins a browser may have under way.
const maxJourneys = 5

// journeyCookie names the cookie of one login.
func journeyCookie(state string) string { return journeyPrefix + digest(state)[:8] }

// prefixed is the name of a cookie. Over https the prefix makes browsers refuse
// one that was not set by this very host over https (RFC 6265bis, section
// 4.1.3.2).
func (o *Server) prefixed(name string) string {
	if o.base.Scheme == "https" {
		return "__Host-" + name
	}
	return name
}

// cookie returns the value of a cookie, "" when there is none.
func (o *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(o.prefixed(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie, or removes it when its life is 0. Lax, because the
// browser comes back from the provider, which is another site.
func (o *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{ //nolint:gosec // insecure only where the base URL is, which is on loopback
		Name: o.prefixed(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: o.base.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if life == 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// dropOldJourneys makes room for another login: headers have a limited size.
func (o *Server) dropOldJourneys(w http.ResponseWriter, r *http.Request) {
	kept := 0
	for _, c := range r.Cookies() {
		if name, ok := strings.CutPrefix(c.Name, o.prefixed(journeyPrefix)); ok {
			if kept++; kept >= maxJourneys {
				o.setCookie(w, journeyPrefix+name, "", 0)
			}
		}
	}
}
