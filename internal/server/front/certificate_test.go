package front

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pair makes a certificate of a name for loopback, and its key.
func pair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// age sets the time of a file apart from those before, which a fast test would
// not do.
func age(t *testing.T, file string, by time.Duration) {
	t.Helper()
	at := time.Unix(1_700_000_000, 0).Add(by)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

// served is the name of the certificate that is served now.
func served(t *testing.T, c *Certificate) string {
	t.Helper()
	current, err := c.Get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return current.Leaf.Subject.CommonName
}

func TestACertificateIsReadAgainWhenItsFilesChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		oldCert, oldKey := pair(t, "old")
		newCert, newKey := pair(t, "new")
		write(t, certFile, oldCert)
		write(t, keyFile, oldKey)
		age(t, certFile, 0)
		age(t, keyFile, 0)
		var log bytes.Buffer
		c, err := LoadCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		lines := func(level string) int { return strings.Count(log.String(), "level="+level) }
		expect := func(when, name string, infos, errors int) {
			t.Helper()
			if got := served(t, c); got != name {
				t.Errorf("%s: %q is served, want %q", when, got, name)
			}
			if lines("INFO") != infos || lines("ERROR") != errors {
				t.Errorf("%s: %d infos and %d errors, want %d and %d:\n%s", when, lines("INFO"), lines("ERROR"), infos, errors, log.String())
			}
		}
		expect("at first", "old", 0, 0)

		write(t, certFile, newCert)
		age(t, certFile, time.Second)
		expect("within the second", "old", 0, 0)
		time.Sleep(time.Second)
		expect("when only the certificate is new", "old", 0, 1)
		time.Sleep(time.Second)
		expect("when nothing has changed since", "old", 0, 1)
		write(t, keyFile, newKey)
		age(t, keyFile, time.Second)
		time.Sleep(time.Second)
		expect("when the key is there, too", "new", 1, 1)
		time.Sleep(time.Hour)
		expect("when nothing changes", "new", 1, 1)

		write(t, certFile, []byte("broken"))
		age(t, certFile, 2*time.Second)
		time.Sleep(time.Second)
		expect("when the certificate is broken", "new", 1, 2)
		if err := os.Remove(certFile); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		expect("when it is gone", "new", 1, 3)
		time.Sleep(time.Second)
		expect("when it stays away", "new", 1, 3)
		write(t, certFile, oldCert)
		write(t, keyFile, oldKey)
		age(t, certFile, 3*time.Second)
		age(t, keyFile, 3*time.Second)
		time.Sleep(time.Second)
		expect("when it is back", "old", 2, 3)
		if strings.Contains(log.String(), "PRIVATE KEY") {
			t.Error("the log holds a key")
		}
	})
}

func TestACertificateBehindALinkIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Kubernetes mounts a secret as links through a directory that it swaps.
		dir := t.TempDir()
		for i, name := range []string{"old", "new"} {
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
			cert, key := pair(t, name)
			for file, content := range map[string][]byte{"tls.crt": cert, "tls.key": key} {
				write(t, filepath.Join(dir, name, file), content)
				age(t, filepath.Join(dir, name, file), time.Duration(i)*time.Second)
			}
		}
		link := func(to string) {
			t.Helper()
			if err := os.Symlink(to, filepath.Join(dir, "next")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "current")); err != nil {
				t.Fatal(err)
			}
		}
		link("old")
		c, err := LoadCertificate(filepath.Join(dir, "current", "tls.crt"), filepath.Join(dir, "current", "tls.key"), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		link("new")
		time.Sleep(time.Second)
		if got := served(t, c); got != "new" {
			t.Errorf("%q is served", got)
		}
	})
}

func TestACertificateThatCannotBeReadIsRefusedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, "a")
	_, otherKey := pair(t, "b")
	files := map[string][]byte{"cert": cert, "key": key, "other": otherKey, "broken": []byte("broken")}
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
	for _, test := range [][2]string{{"cert", "other"}, {"cert", "broken"}, {"broken", "key"}, {"missing", "key"}, {"cert", "missing"}} {
		_, err := LoadCertificate(filepath.Join(dir, test[0]), filepath.Join(dir, test[1]), slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%v is taken", test)
		} else if !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: the error names no file: %v", test, err)
		}
	}
}

// serveTLS serves a handler over HTTP/2 with a certificate from files, and
// returns its address and a client that trusts it.
func serveTLS(t *testing.T, h http.Handler) (url string, client *http.Client) {
	t.Helper()
	dir := t.TempDir()
	cert, key := pair(t, "loopback")
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, certFile, cert)
	write(t, keyFile, key)
	certificate, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, TLSConfig: certificate.Config(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.ServeTLS(LimitConnections(listener, 100), "", "")
	}()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-stopped
	})
	return "https://" + listener.Addr().String(), &http.Client{Transport: transport}
}

func TestTLSServesHTTP2(t *testing.T) {
	url, client := serveTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Spoken", r.Proto) }))
	response := ask(t, client, url)
	response.Body.Close()
	if got := response.Header.Get("Spoken"); got != "HTTP/2.0" {
		t.Errorf("spoken is %q", got)
	}
	old := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}}
	if conn, err := old.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "https://")); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
