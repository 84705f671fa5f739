// Package login_test logs people in: with the program as a process, a real
// Keycloak and a real browser, as a company does that runs them all. It shows what
// the tests of the packages cannot: that the three understand each other, that a
// browser lets the pages do what they have to, and that clients that others wrote
// get through.
//
// LOGIN=required asks for these tests. KEYCLOAK_URL is then a Keycloak with the
// administrator admin, password admin, in which each run makes realms of its own
// and removes them. CHROMIUM names the browser, and ./clients holds the npm
// packages that its package.json asks for. INFRAHUB_ADDRESS and
// INFRAHUB_API_TOKEN may name an Infrahub, which is only read. The script
// .ci/login sees to the rest.
package login_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// setting is what all tests share; TestMain makes it once.
type setting struct {
	program     string       // path of the program, built with the race detector
	certificate string       // path of the one that places with https have
	web         *http.Client // trusts that, and takes a new connection each time: servers come and go
	keycloak    keycloak     // with the administrator's rights
	realm       *realm       // for tests that change nothing in it
	chromium    *chromium
	pictures    string // folder that screenshots are kept in
	secrets     secrets
}

var shared setting

func TestMain(m *testing.M) {
	if os.Getenv("LOGIN") != "required" {
		fmt.Println("skipped: logins need Keycloak, Chromium and npm packages, which .ci/login provides; LOGIN=required asks for them")
		return
	}
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (status int, err error) {
	directory, err := os.MkdirTemp("", "infrahub-mcp-login-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	shared.program = filepath.Join(directory, "infrahub-mcp")
	build := exec.Command("go", "build", "-race", "-o", shared.program, "infrahub-mcp/cmd/infrahub-mcp")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the program: %w\n%s", err, out)
	}

	if err := trust(directory); err != nil {
		return 0, err
	}
	if shared.pictures, err = filepath.Abs("../../build/login"); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(shared.pictures, 0o755); err != nil {
		return 0, err
	}

	shared.keycloak.url = os.Getenv("KEYCLOAK_URL")
	if shared.keycloak.url == "" {
		return 0, errors.New("KEYCLOAK_URL must name a Keycloak whose administrator is admin, password admin")
	}
	if shared.realm, err = shared.keycloak.newRealm(); err != nil {
		return 0, fmt.Errorf("KEYCLOAK_URL: %w", err)
	}
	defer func() { err = errors.Join(err, shared.realm.remove()) }()

	if shared.chromium, err = startChromium(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shared.chromium.close()) }()
	return m.Run(), nil
}

// trust makes the tests trust the certificate of package httptest, which all its
// servers have, and writes it to a file for clients that are processes.
func trust(directory string) error {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	shared.certificate = filepath.Join(directory, "certificate.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(shared.certificate, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	shared.web = &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}, Timeout: time.Minute,
	}
	return nil
}
