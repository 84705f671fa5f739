package oidc

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// revoke ends a login, or the life of one access token (RFC 7009). The answer is
// 200 whatever the token was: a client has nothing to do then.
func (o *Server) revoke(w http.ResponseWriter, r *http.Request) {
	values, ok := form(w, r)
	if !ok {
		return
	}
	text := values.Get("token")
	if text == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "The parameter token is missing.")
		return
	}
	of := ""
	if id := values.Get("client_id"); id != "" {
		of = client.Client{ID: id}.Hash()
	}
	if err := o.revokeToken(detached(r.Context()), r, text, of); err != nil {
		o.refuseToken(w, r, err)
		return
	}
	reply(w, http.StatusOK, struct{}{})
}

// revokeToken revokes a token unless it is another client's. A refresh token
// takes its whole login with it, at the provider too.
func (o *Server) revokeToken(ctx context.Context, r *http.Request, text, of string) error {
	var t refreshToken
	if err := o.box.Open(seal.Refresh, text, &t); err == nil && t.Grant.Family != "" {
		if of != "" && of != t.Grant.Client {
			return nil
		}
		if err := o.end(ctx, t.Grant); err != nil {
			return err
		}
		if err := o.settings.Provider.Revoke(ctx, t.Grant.Upstream); err != nil {
			// The login has ended here; there it ends by itself one day.
			o.log(r, slog.LevelWarn, "not revoked at the provider", "reason", err)
		}
		o.log(r, slog.LevelInfo, "ended", "user", t.Grant.Identity.Name, "subject", t.Grant.Identity.Subject)
		return nil
	}
	access, err := o.tokens.Verify(text)
	if err != nil || of != "" && of != access.Client {
		return nil //nolint:nilerr // not a token of this client, so there is nothing to revoke
	}
	// Longer than it lasts, for clocks that differ.
	if err := o.settings.Ledger.Revoke(ctx, "token:"+access.ID, time.Until(access.Expires)+2*time.Minute); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}
