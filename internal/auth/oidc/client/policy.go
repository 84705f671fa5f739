package client

import (
	"fmt"
	"strings"

	"infrahub-mcp/internal/auth/oidc/redirect"
)

// DocumentPolicy lists the hosts whose documents describe clients:
// "app.example.com" for one, "*.example.com" for all below, "*" for every host
// of the internet. An empty one has no host, and switches documents off.
type DocumentPolicy []string

// ParseDocumentPolicy reads INFRAHUB_MCP_OIDC_CIMD: "on", "off", or hosts
// separated by commas, in any case.
func ParseDocumentPolicy(text string) (DocumentPolicy, error) {
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "on":
		return DocumentPolicy{"*"}, nil
	case "off":
		return nil, nil
	}
	var policy DocumentPolicy
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		host := strings.TrimPrefix(entry, "*.")
		if uri := "https://" + host; redirect.Check(uri, nil) != nil || redirect.Host(uri) != host || strings.Contains(host, ":") {
			return nil, fmt.Errorf("%q is neither on nor off nor the name of a host, such as app.example.com or *.example.com", entry)
		}
		policy = append(policy, entry)
	}
	return policy, nil
}

// admits reports whether documents of a host are read.
func (p DocumentPolicy) admits(host string) bool {
	for _, entry := range p {
		above, wild := strings.CutPrefix(entry, "*.")
		if entry == "*" || entry == host || wild && strings.HasSuffix(host, "."+above) {
			return true
		}
	}
	return false
}
