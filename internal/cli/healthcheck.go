package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/problem"
)

// newHealthcheck returns the command that asks a running server how it is, for
// containers without a shell.
func newHealthcheck() *cobra.Command {
	command := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running HTTP server whether it is healthy",
		Long: `Ask the HTTP server that runs on this machine with the same settings whether it
is healthy. The exit status is 0 when it is, else 1 with one line that says why.`,
		Example: `  ` + name + ` healthcheck --port 8001

  # In a Dockerfile
  HEALTHCHECK CMD ["` + name + `", "healthcheck"]`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			server, err := config.LoadServer(givenFlags(command))
			if err != nil {
				// Docker keeps status 2 to itself, and reads one line.
				return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
			}
			return checkHealth(command.Context(), server)
		},
	}
	addFlag(command, "host", "What the server was given as --host.")
	addFlag(command, "port", "What the server was given as --port.")
	return command
}

// healthLimit is the time a server has to answer.
const healthLimit = 5 * time.Second

// checkHealth returns nil when the server says that it is healthy.
func checkHealth(ctx context.Context, server *config.Server) error {
	if server.Port == 0 {
		return errors.New("port 0 is any free one: say with --port or MCP_PORT which it was")
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	address := healthAddress(server)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s has not answered within %v", address, healthLimit)
	case err != nil:
		return fmt.Errorf("asking %s: %w", address, errors.Unwrap(err)) // without the address again
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s%s", address, response.Status, healthReason(response.Body))
	}
	return nil
}

// healthAddress returns where the server answers. One that listens on every
// interface is asked over loopback.
func healthAddress(server *config.Server) string {
	host := server.Host
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	address := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(server.Port)), Path: "/health"}
	return address.String()
}

// healthReason returns the reason in an answer that says unhealthy, as the end
// of a line, or nothing.
func healthReason(body io.Reader) string {
	var answer struct {
		Reason string `json:"reason"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&answer); err != nil || answer.Reason == "" {
		return ""
	}
	return ": " + problem.Excerpt(strings.Join(strings.Fields(answer.Reason), " "), 300)
}
