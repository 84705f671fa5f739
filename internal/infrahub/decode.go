package infrahub

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"infrahub-mcp/internal/problem"
)

// Bounds of what is kept of an answer that reports faults.
const (
	maxFaults  = 100      // entries of Error.Details
	maxListed  = 5        // faults named in Error.Message
	maxMessage = 300      // characters of one fault's message
	maxCleaned = 64 << 10 // bytes of a text that are looked at
)

// envelope is any of the bodies in which the server reports faults: GraphQL and
// REST {"data", "errors"}, and {"detail"} of the framework below it.
type envelope struct {
	Data   json.RawMessage `json:"data"`
	Errors json.RawMessage `json:"errors"`
	Detail json.RawMessage `json:"detail"`
}

// graphQL returns the content of "data" of a successful answer, and the faults
// it reports beside it.
func (a answer) graphQL() (json.RawMessage, *Error) {
	var e envelope
	if err := json.Unmarshal(a.body, &e); err != nil {
		return nil, a.unreadable("answered with something else than JSON", err)
	}
	data := e.Data
	if isNull(data) {
		data = nil
	}
	if faults, total := a.faults(e); total > 0 {
		return data, a.fault(faults, total, data == nil)
	}
	if e.Data == nil {
		return nil, a.unreadable("answered without data", nil)
	}
	return data, nil
}

// failure returns the error of an answer that is no success.
func (a answer) failure() *Error {
	if a.status >= 300 && a.status < 400 {
		return a.redirected()
	}
	var e envelope
	if err := json.Unmarshal(a.body, &e); err == nil {
		if faults, total := a.faults(e); total > 0 {
			return a.fault(faults, total, true)
		}
	}
	return a.unexplained()
}

// fault returns the error for the faults of the answer, which has total of
// them. unexecuted says that it carries no data.
func (a answer) fault(faults []Fault, total int, unexecuted bool) *Error {
	err := &Error{HTTPStatus: a.status, Details: faults, RequestID: a.id, RetryAfter: a.retryAfter}
	var listed []string
	leading := 0
	for i, f := range faults {
		kind := f.kind(a.status, unexecuted)
		if err.Kind == Unclassified && kind != Unclassified {
			err.Kind, leading = kind, i
		}
		if i < maxListed {
			listed = append(listed, strings.TrimSuffix(f.Message, "."))
		}
	}
	err.Code, err.Path = faults[leading].Code, faults[leading].Path
	err.Message = strings.Join(listed, "; ")
	if more := total - len(listed); more > 0 {
		err.Message += fmt.Sprintf("; and %d more", more)
	}
	if !strings.HasSuffix(err.Message, "?") {
		err.Message += "."
	}
	return err
}

// faults reads the list of faults, whatever its shape, up to maxFaults of them,
// and counts them all.
func (a answer) faults(e envelope) (faults []Fault, total int) {
	list, read := e.Errors, a.readError
	if isNull(list) {
		list, read = e.Detail, a.readDetail
	}
	if isNull(list) {
		return nil, 0
	}
	if a.secret != "" {
		list = bytes.ReplaceAll(list, []byte(a.secret), []byte("…"))
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(list, &entries); err != nil {
		entries = []json.RawMessage{list}
	}
	for _, entry := range entries[:min(len(entries), maxFaults)] {
		f := read(entry)
		f.Message = cmp.Or(f.Message, "Infrahub reports a fault without a message")
		faults = append(faults, f)
	}
	return faults, len(entries)
}

// readError reads one entry of "errors": an object of GraphQL, or a string.
func (a answer) readError(entry json.RawMessage) Fault {
	var text string
	if json.Unmarshal(entry, &text) == nil {
		return Fault{Message: a.clean(text)}
	}
	// Each part is read on its own, so that one of a strange type loses no
	// other.
	var parts struct {
		Message    json.RawMessage `json:"message"`
		Path       json.RawMessage `json:"path"`
		Locations  json.RawMessage `json:"locations"`
		Extensions json.RawMessage `json:"extensions"`
	}
	if json.Unmarshal(entry, &parts) != nil {
		return Fault{Message: a.clean(string(entry))}
	}
	var f Fault
	if json.Unmarshal(parts.Message, &text) == nil {
		f.Message = a.clean(text)
	}
	var path []any
	if json.Unmarshal(parts.Path, &path) == nil {
		f.Path = a.readPath(path)
	}
	if json.Unmarshal(parts.Locations, &f.Locations) != nil {
		f.Locations = nil
	}
	var extensions struct {
		Code   any `json:"code"`
		Status any `json:"http_status"`
		Data   any `json:"data"`
	}
	if json.Unmarshal(parts.Extensions, &extensions) == nil {
		f.Code, _ = extensions.Code.(string)
		f.Code = a.clean(f.Code)
		f.Data, _ = extensions.Data.(map[string]any)
		f.Status = asStatus(extensions.Status)
		if f.Status == 0 {
			// REST, and GraphQL before 1.10, put the status in the code.
			f.Status = asStatus(extensions.Code)
		}
	}
	return f
}

// readDetail reads one entry of "detail": a string, or what FastAPI says about
// one part of the request. What was sent, which it repeats, is left out.
func (a answer) readDetail(entry json.RawMessage) Fault {
	var text string
	if json.Unmarshal(entry, &text) == nil {
		return Fault{Message: a.clean(text)}
	}
	var part struct {
		Location []any  `json:"loc"`
		Message  string `json:"msg"`
	}
	if json.Unmarshal(entry, &part) != nil {
		return Fault{}
	}
	f := Fault{Path: a.readPath(part.Location), Message: a.clean(part.Message)}
	if len(f.Path) > 0 && f.Message != "" {
		f.Message = strings.Join(f.Path, ".") + ": " + f.Message
	}
	return f
}

// readPath returns the path with its indexes as text, nil when it is empty.
func (a answer) readPath(elements []any) []string {
	var path []string
	for _, element := range elements[:min(len(elements), 50)] {
		switch element := element.(type) {
		case string:
			path = append(path, a.clean(element))
		case float64:
			path = append(path, strconv.FormatFloat(element, 'f', -1, 64))
		}
	}
	return path
}

// redirected returns the error of an answer that points elsewhere.
func (a answer) redirected() *Error {
	target := "another place"
	if u, err := url.Parse(a.header.Get("Location")); err == nil && u.Host != "" {
		target = a.clean((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
	}
	return &Error{
		Kind: Redirected,
		Message: fmt.Sprintf("The server at the Infrahub address answered %d and points to %s. Credentials do not follow a redirect: set INFRAHUB_ADDRESS to the address where Infrahub answers itself.",
			a.status, target),
		HTTPStatus: a.status,
		RequestID:  a.id,
	}
}

// unexplained returns the error of an answer that does not tell what is wrong
// in a shape of Infrahub: its own bare 500, or the page of a proxy.
func (a answer) unexplained() *Error {
	err := &Error{
		Kind:       kindOfStatus(a.status),
		HTTPStatus: a.status,
		RetryAfter: a.retryAfter,
		RequestID:  a.id,
		Message:    fmt.Sprintf("Infrahub answered %d %s without an explanation", a.status, http.StatusText(a.status)),
	}
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		err.Kind = Unreachable
		err.Message = fmt.Sprintf("A gateway in front of Infrahub answered %d %s", a.status, http.StatusText(a.status))
	case http.StatusProxyAuthRequired:
		err.Kind = Unreachable
		err.Message = "The proxy on the way to Infrahub asks for credentials"
	case http.StatusNotFound:
		err.Message += "; check that INFRAHUB_ADDRESS is the address of Infrahub"
	}
	// A short text may help; a page would only be noise.
	if mediaType, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")); mediaType == "text/plain" {
		text := a.clean(string(a.body[:min(len(a.body), 4*maxMessage)]))
		if text != "" && text != http.StatusText(a.status) {
			err.Message += ": " + text
			return err
		}
	}
	err.Message += "."
	return err
}

// unreadable returns the error of a success that cannot be one.
func (a answer) unreadable(what string, cause error) *Error {
	return &Error{
		Kind:       ServerFault,
		Message:    fmt.Sprintf("The server at the Infrahub address %s; check that INFRAHUB_ADDRESS is the address of Infrahub.", what),
		HTTPStatus: a.status,
		RequestID:  a.id,
		cause:      cause,
	}
}

// clean makes a text of the server fit to be shown: without the credential and
// the query, should it repeat them, on one line, and short.
func (a answer) clean(text string) string {
	text = oneLine(a.redact(text[:min(len(text), maxCleaned)]))
	// A short query may well be part of what is to be said.
	if len(a.document) > 40 {
		text = strings.ReplaceAll(text, oneLine(a.document), "(the query)")
	}
	// What hides text may have hidden the credential too.
	return problem.Excerpt(a.redact(text), maxMessage)
}

// redact takes the credential out of a text.
func (a answer) redact(text string) string {
	if a.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, a.secret, "…")
}

// clean returns the text on one line, without characters that control a
// terminal or hide text, cut to maxMessage characters.
func clean(text string) string { return answer{}.clean(text) }

// oneLine removes control and format characters and folds white space.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// isNull reports whether a part of a JSON object is missing or null.
func isNull(part json.RawMessage) bool {
	return len(part) == 0 || string(part) == "null"
}

// asStatus returns a JSON number that is an HTTP status, 0 for anything else.
func asStatus(value any) int {
	if n, ok := value.(float64); ok && n >= 100 && n < 600 {
		return int(n)
	}
	return 0
}

// parseRetryAfter reads a Retry-After header: seconds or a date (RFC 9110,
// section 10.2.3). 0 means that it says nothing usable.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
