package oidc

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/redirect"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// pageView is what the template of all pages shows: a question with a form, or a
// fault.
type pageView struct {
	Style template.CSS
	Title string

	// Of the question.
	Action   string // where the form goes
	Form     string
	Client   string // the name that the client gives itself
	Verified string // the host that vouches for the client, "" for none
	Target   string // where the answer goes
	Full     string // the same, whole
	Local    bool   // the answer goes to this machine
	Write    bool   // writing is asked for
	Always   bool   // everyone may write, so there is nothing to choose

	// Of a fault.
	Fault, Advice string
}

// showConsent asks the user (MCP, Security Best Practices, Confused Deputy
// Problem: who asks, for what, and where the answer goes).
func (o *Server) showConsent(w http.ResponseWriter, from client.Client, asked request, form string) {
	view := pageView{
		Title: "Connect to Infrahub", Action: o.settings.BaseURL + "/consent", Form: form, Client: from.Name,
		Target: redirect.Host(asked.RedirectURI), Full: asked.RedirectURI, Local: redirect.Loopback(asked.RedirectURI),
		Write: len(asked.Scopes) > 0, Always: len(o.settings.WriteScopes) == 0 && !o.settings.ReadOnly,
	}
	if from.Kind == client.Document {
		view.Verified = from.Host
	}
	o.show(w, http.StatusOK, view, asked.RedirectURI)
}

// showFault tells the user what is wrong and what to do. Nothing of the request
// is in it.
func (o *Server) showFault(w http.ResponseWriter, status int, fault, advice string) {
	o.show(w, status, pageView{Title: "Login to Infrahub", Fault: fault, Advice: advice}, "")
}

// showTooMany tells the user that too many requests came from where he is.
func (o *Server) showTooMany(w http.ResponseWriter, _ *http.Request) {
	o.showFault(w, http.StatusTooManyRequests, "Too many requests came from your address.", "Wait a moment, then load this page again.")
}

// showUnavailable tells the user that the provider does not answer.
func (o *Server) showUnavailable(w http.ResponseWriter, r *http.Request, err error) {
	o.settings.Logger.WarnContext(r.Context(), "oidc_login", "outcome", "put off", "reason", err)
	retryAfter(w, unavailableFor)
	o.showFault(w, http.StatusServiceUnavailable, "The identity provider does not answer.", "Load this page again in a moment.")
}

func (o *Server) show(w http.ResponseWriter, status int, view pageView, target string) {
	view.Style = template.CSS(pageCSS) //nolint:gosec // our own file
	var page bytes.Buffer
	if err := o.template.Execute(&page, view); err != nil {
		o.settings.Logger.Error("a page could not be made", "error", err)
		http.Error(w, "The server failed.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy(target))
	header.Set("X-Frame-Options", "DENY")
	private(w)
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // an error means that the browser is gone
}

// policy allows a page its own style and nothing else. Browsers apply
// form-action to all redirects that follow a form, through the provider and on to
// the client, so it cannot be narrower than the schemes of these.
func policy(target string) string {
	hash := sha256.Sum256([]byte(pageCSS))
	schemes := "'self' https: http:"
	if u, err := url.Parse(target); err == nil && u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
		schemes += " " + u.Scheme + ":"
	}
	return strings.Join([]string{
		"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
		"form-action " + schemes, "frame-ancestors 'none'", "base-uri 'none'",
	}, "; ")
}

func newTemplate() *template.Template { return template.Must(template.New("page").Parse(pageHTML)) }
