package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go4.org/netipx"
)

// fetcher fetches documents that strangers name, from hosts of the internet
// only: every address of a host has to be public, and the connection goes to one
// of those that were checked, so that a second answer of the name server changes
// nothing. There is no proxy, no redirect and no decompression.
type fetcher struct {
	client  *http.Client
	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	public  *netipx.IPSet
}

// The limits of a fetch.
const (
	fetchTime    = 5 * time.Second // from the name server to the last byte
	connectTime  = 2 * time.Second // to one address
	maxAddresses = 8
	maxHeader    = 16 << 10 // bytes
	maxDocument  = 10 << 10 // bytes
)

func newFetcher(s Settings) *fetcher {
	f := &fetcher{resolve: s.Resolve, dial: s.Dial, public: publicAddresses()}
	if f.resolve == nil {
		f.resolve = net.DefaultResolver.LookupNetIP
	}
	if f.dial == nil {
		f.dial = (&net.Dialer{Control: f.control}).DialContext
	}
	f.client = &http.Client{
		Transport: &http.Transport{
			DialContext:            f.connect,
			TLSClientConfig:        &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true, // a host is asked once in a while
			DisableCompression:     true,
			TLSHandshakeTimeout:    fetchTime,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return f
}

// fetch returns a document and for how long it may be kept. An error is for the
// log, and has to pass [outward] before anyone else reads it; one that is not
// [ErrUnknown] says nothing of the document.
func (f *fetcher) fetch(ctx context.Context, url string) (body []byte, life lifetime, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, life, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "infrahub-mcp")
	response, err := f.client.Do(request) // #nosec G704 -- that is what connect is for
	if err != nil {
		return nil, life, err
	}
	defer response.Body.Close()

	switch status := response.StatusCode; {
	case status == http.StatusForbidden, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		// The first is what networks of caches answer to what they take for a robot.
		return nil, life, fmt.Errorf("status %d", status)
	case status != http.StatusOK:
		// Redirects are among these: the host that a person is shown has to be
		// the one that answers (draft, section 4).
		return nil, life, fmt.Errorf("%w: the address of its document answers with status %d", ErrUnknown, status)
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && !(strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")) {
		return nil, life, fmt.Errorf("%w: the address of its document does not answer with application/json", ErrUnknown)
	}
	if coding := response.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, life, fmt.Errorf("%w: its document is compressed, though that was not asked for", ErrUnknown)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, life, fmt.Errorf("reading the body: %w", err)
	case len(body) > maxDocument:
		return nil, life, fmt.Errorf("%w: its document has more than %d bytes", ErrUnknown, maxDocument)
	}
	return body, lifetimeOf(response.Header), nil
}

// outward makes an error of a fetch fit for strangers. What the network does, by
// a name server, a firewall or a certificate, all looks alike, or else this
// server would tell them what can be reached from where it is.
func outward(err error) error {
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: its document cannot be fetched", ErrUnavailable)
}

// connect connects to a host, if all its addresses are public.
func (f *fetcher) connect(ctx context.Context, network, address string) (net.Conn, error) {
	// The transport takes the deadline of the request away.
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := f.resolve(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolving the host: %w", err)
	}
	for _, ip := range addresses {
		if !f.isPublic(ip) {
			return nil, fmt.Errorf("%s has the address %s, which is not public", host, ip)
		}
	}
	err = fmt.Errorf("%s has no address", host)
	for _, ip := range addresses[:min(len(addresses), maxAddresses)] {
		var connection net.Conn
		if connection, err = f.connectTo(ctx, network, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return connection, nil
		}
	}
	return nil, fmt.Errorf("connecting to %s: %w", host, err)
}

func (f *fetcher) connectTo(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return f.dial(ctx, network, address)
}

// control is the last look at the address of a connection, just before it is
// made.
func (f *fetcher) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !f.isPublic(to.Addr()) {
		return errors.New("the address is not public")
	}
	return nil
}

// isPublic reports whether an address is one of the internet. No address and
// one with a zone are in no set.
func (f *fetcher) isPublic(ip netip.Addr) bool {
	return f.public.Contains(ip.Unmap())
}

// lifetime is for how long a document may be kept.
type lifetime struct {
	fresh time.Duration // as if it had just been fetched
	stale time.Duration // after that, when it cannot be fetched
}

// lifetimeOf is what a response says of its life (RFC 9111, section 5.2.2): an
// hour when it does not say, a day at most, and then a day more. Directives that
// are not here are not read, since everything is asked for again in full when it
// is old.
func lifetimeOf(header http.Header) lifetime {
	const unsaid, longest = time.Hour, 24 * time.Hour
	life, said := lifetime{fresh: longest, stale: staleTime}, false
	for directive := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return lifetime{}
		case "must-revalidate", "proxy-revalidate":
			life.stale = 0
		case "max-age":
			said = true
			// What is no number is 0: it says something, but not for how long. What
			// is too large is the largest (section 1.2.2). Of several the shortest.
			seconds, _ := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			life.fresh = min(life.fresh, time.Duration(seconds)*time.Second) // #nosec G115 -- 31 bits
		}
	}
	if !said {
		life.fresh = unsaid
	}
	return life
}
