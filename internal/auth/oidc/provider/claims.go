package provider

import (
	"errors"
	"strings"
	"time"
	"unicode"
)

// claims are those of a token or of the userinfo endpoint. A nil one has none.
type claims map[string]any

// text returns a claim that is a string, "" if it is none.
func (c claims) text(name string) string {
	text, _ := c[name].(string)
	return text
}

// list returns a claim that is a string, as one element, or an array, of which
// what are no strings are left out.
func (c claims) list(name string) []string { return asList(c[name]) }

func asList(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, v := range value {
			if text, ok := v.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// at returns the claim at a path whose names have dots between them. A name may
// have dots itself, such as https://example.com/roles; the longest is taken.
func (c claims) at(path string) any {
	if v, ok := c[path]; ok {
		return v
	}
	for end := strings.LastIndexByte(path, '.'); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if inner, ok := c[path[:end]].(map[string]any); ok {
			if v := claims(inner).at(path[end+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

// checkTimes checks when a token is good (RFC 7519, section 4.1). It has to end.
func (c claims) checkTimes(now time.Time) error {
	expires, ok := c.time("exp")
	if !ok {
		return errors.New("it does not say when it expires")
	}
	if !now.Before(expires.Add(leeway)) {
		return errors.New("it has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		if _, ok := c[name]; !ok {
			continue
		}
		if from, ok := c.time(name); !ok || now.Add(leeway).Before(from) {
			return errors.New("it is from the future")
		}
	}
	return nil
}

// time returns a claim that is a NumericDate.
func (c claims) time(name string) (time.Time, bool) {
	const most = 1 << 40 // beyond which a conversion might overflow
	seconds, ok := c[name].(float64)
	if !ok || seconds < 0 || seconds > most {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// said is all that the provider said about a user.
type said struct {
	id       claims        // of the id token
	access   claims        // of the access token, nil if it could not be checked
	response any           // the scope of the token response, nil if it has none
	userinfo func() claims // asks when it is called
}

// granted returns those of the scopes of writing for which there is evidence.
func (p *Provider) granted(s *said) []string {
	var have []string
	for _, text := range asList(s.response) {
		have = append(have, strings.Fields(text)...)
	}
	for _, name := range []string{"scope", "scp"} {
		for _, text := range s.access.list(name) {
			have = append(have, strings.Fields(text)...)
		}
	}
	var granted []string
	for _, w := range p.settings.WriteScopes {
		if hasScope(have, w) || p.claimed(s, w) {
			granted = append(granted, w)
		}
	}
	return granted
}

func hasScope(have []string, want string) bool {
	for _, h := range have {
		if sameScope(h, want) {
			return true
		}
	}
	return false
}

// sameScope reports whether two scopes are the same. Entra asks and answers with
// api://<application>/write where the token says write.
func sameScope(a, b string) bool {
	return a == b || short(a) == b || a == short(b)
}

// short returns the last segment of a scope api://…/…, and any other as it is.
func short(scope string) string {
	if !strings.HasPrefix(scope, "api://") {
		return scope
	}
	return scope[strings.LastIndexByte(scope, '/')+1:]
}

// claimed reports whether one of the claims that count as scopes has a value. The
// userinfo endpoint is asked for those that are in no token.
func (p *Provider) claimed(s *said, want string) bool {
	for _, path := range p.settings.ScopeClaims {
		in, present := false, false
		look := func(c claims) {
			value := c.at(path)
			present = present || value != nil
			for _, v := range asList(value) {
				in = in || v == want
			}
		}
		look(s.id)
		look(s.access)
		if !present && s.userinfo != nil {
			look(s.userinfo())
		}
		if in {
			return true
		}
	}
	return false
}

// name returns the label of a user: the claim that is set for it, from the id
// token, the userinfo endpoint or the access token, or else the subject.
func (p *Provider) name(s *said, subject string) string {
	claim := p.settings.UserClaim
	sources := []func() claims{func() claims { return s.id }, s.userinfo, func() claims { return s.access }}
	for _, source := range sources {
		if source == nil {
			continue
		}
		c := source()
		// An address that nobody has proven to be theirs may be anyone's.
		if verified := c["email_verified"]; claim == "email" && (verified == false || verified == "false") {
			break
		}
		value, _ := c.at(claim).(string)
		if name := visible(value); name != "" {
			return name
		}
	}
	if name := visible(subject); name != "" {
		return name
	}
	return "user without a name"
}

const maxName = 100 // characters

// visible makes a label fit for logs and pages: without what cannot be seen, and
// short.
func visible(name string) string {
	kept := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	return strings.TrimSpace(string(kept[:min(len(kept), maxName)]))
}
