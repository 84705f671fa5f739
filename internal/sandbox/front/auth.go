package front

import (
	"fmt"
	"net/http"
	"time"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
)

// The cookies of a login.
const (
	accessCookie  = "access_token"
	refreshCookie = "refresh_token"
)

// login opens a session: POST /api/auth/login.
func (s *server) login(w http.ResponseWriter, c *call) error {
	f := formOf(c, true)
	username, password := f.text("username"), f.text("password")
	if err := f.err(); err != nil {
		return err
	}
	login, err := s.Gate.Login(username, password)
	if err != nil {
		return err
	}
	if s.LoggedIn != nil {
		s.LoggedIn(login)
	}
	forAccess, forRefresh := s.Gate.Lifetimes()
	setCookie(w, accessCookie, login.Access, forAccess)
	setCookie(w, refreshCookie, login.Refresh, forRefresh)
	writeJSON(w, http.StatusOK, exec.NewObject("access_token", login.Access.Reveal(), "refresh_token", login.Refresh.Reveal()))
	return nil
}

// refresh makes a new access token: POST /api/auth/refresh. The refresh token
// stays the same.
func (s *server) refresh(w http.ResponseWriter, c *call) error {
	token, err := s.Gate.Refresh(c.Request)
	if err != nil {
		return err
	}
	forAccess, _ := s.Gate.Lifetimes()
	setCookie(w, accessCookie, token, forAccess)
	writeJSON(w, http.StatusOK, exec.NewObject("access_token", token.Reveal()))
	return nil
}

// logout ends a session: POST /api/auth/logout. As in Infrahub, its access token
// stays good until it expires.
func (s *server) logout(w http.ResponseWriter, c *call) error {
	caller, closed, err := s.Gate.Logout(c.Request)
	if closed && caller != nil && s.LoggedOut != nil {
		s.LoggedOut(caller)
	}
	if err != nil {
		return err
	}
	for _, name := range []string{accessCookie, refreshCookie} {
		w.Header().Add("Set-Cookie", name+`=""; expires=`+s.Clock().UTC().Format(http.TimeFormat)+"; Max-Age=0; Path=/; SameSite=lax")
	}
	writeJSON(w, http.StatusOK, nil)
	return nil
}

// ldapLogin refuses a login by LDAP, which only the Enterprise edition has.
func (s *server) ldapLogin(_ http.ResponseWriter, c *call) error {
	f := formOf(c, true)
	f.text("username")
	f.text("password")
	if err := f.err(); err != nil {
		return err
	}
	return fault.New(http.StatusForbidden, "This feature requires the Infrahub Enterprise edition.")
}

// noProvider answers for OIDC and OAuth2, of which no provider is set up.
func (s *server) noProvider(_ http.ResponseWriter, c *call) error {
	return fault.New(http.StatusBadRequest, "The provider %s has not been initialized", c.PathValue("provider"))
}

// setCookie sets a cookie in the form in which Infrahub does; http.Cookie writes
// the attributes in another order.
func setCookie(w http.ResponseWriter, name string, token access.Secret, lifetime time.Duration) {
	w.Header().Add("Set-Cookie", fmt.Sprintf("%s=%s; HttpOnly; Max-Age=%d; Path=/; SameSite=lax", name, token.Reveal(), int(lifetime.Seconds())))
}
