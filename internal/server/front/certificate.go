package front

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate with its key, read from files and read again
// when they change. It is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	loaded  stamp // of the files that current is made of
	failed  stamp // of the files that could not be used
	checked time.Time
}

// stamp tells two states of the files apart, cheaply.
type stamp struct{ cert, key fileStamp }

type fileStamp struct {
	modified time.Time
	size     int64
}

// checkInterval is the least time between two looks at the files.
const checkInterval = time.Second

// LoadCertificate reads a certificate chain and its key, both PEM.
func LoadCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, logger: logger, checked: time.Now()}
	var err error
	if c.loaded, err = c.stamp(); err != nil {
		return nil, err
	}
	if c.current, err = c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// Config returns the TLS settings of a server with this certificate, for
// http.Server.TLSConfig.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.Get}
}

// Get returns the certificate, for tls.Config.GetCertificate. It looks at the
// files at most once a second. When a new pair cannot be used, the old one
// stays and the log says why, once for each state of the files: while the two
// are being replaced they do not match.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= checkInterval {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

func (c *Certificate) refresh() {
	// The files are looked at before they are read: what changes in between is
	// seen the next time.
	found, err := c.stamp()
	if err == nil && found == c.loaded {
		c.failed = stamp{}
		return
	}
	fresh := c.current
	if err == nil {
		fresh, err = c.read()
	}
	if err != nil {
		if found != c.failed {
			c.failed = found
			c.logger.Error("the TLS certificate has changed and cannot be used; the one before stays", "error", err)
		}
		return
	}
	c.current, c.loaded, c.failed = fresh, found, stamp{}
	c.logger.Info("the TLS certificate was read again", "expires", fresh.Leaf.NotAfter)
}

func (c *Certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the TLS certificate %s and its key %s: %w", c.certFile, c.keyFile, err)
	}
	return &pair, nil
}

// stamp describes the files. It is not empty when a file cannot be found.
func (c *Certificate) stamp() (stamp, error) {
	cert, err := stampOf(c.certFile)
	if err != nil {
		return stamp{cert: fileStamp{size: -1}}, err
	}
	key, err := stampOf(c.keyFile)
	if err != nil {
		return stamp{cert: cert, key: fileStamp{size: -1}}, err
	}
	return stamp{cert, key}, nil
}

func stampOf(file string) (fileStamp, error) {
	info, err := os.Stat(file)
	if err != nil {
		return fileStamp{}, fmt.Errorf("looking at a TLS file: %w", err)
	}
	return fileStamp{modified: info.ModTime(), size: info.Size()}, nil
}
