package access

import (
	"errors"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
)

// claims are what access and refresh tokens say, in the names that Infrahub
// gives them: sub (the id of the account), iat, nbf, exp, and these.
type claims struct {
	jwt.RegisteredClaims
	Fresh   bool   `json:"fresh"`
	Type    string `json:"type"`
	Session string `json:"session_id"`
}

// The types of tokens.
const (
	typeAccess  = "access"
	typeRefresh = "refresh"
)

// IssueAccess returns an access token of an account that is good for a while
// from now on, or no longer good when that is negative. It belongs to a session
// that need not exist.
func (g *Gate) IssueAccess(account, session string, lifetime time.Duration) (Secret, error) {
	return g.issue(typeAccess, account, session, lifetime)
}

func (g *Gate) issue(kind, account, session string, lifetime time.Duration) (Secret, error) {
	now := g.clock()
	issued := now
	if lifetime < 0 {
		issued = now.Add(lifetime)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   account,
			IssuedAt:  jwt.NewNumericDate(issued),
			NotBefore: jwt.NewNumericDate(issued),
			ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		Type: kind, Session: session,
	})
	signed, err := token.SignedString(g.key())
	return Secret(signed), err
}

// verify reads a token of either type. Why a token is bad is told only of those
// that have expired.
func (g *Gate) verify(token string) (*claims, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c,
		func(*jwt.Token) (any, error) { return g.key(), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuedAt(), jwt.WithTimeFunc(g.clock))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return nil, &fault.Error{
			Code: fault.TokenExpired, Status: http.StatusUnauthorized, Message: "Expired Signature",
			Data: exec.NewObject("expired_at", nil),
		}
	}
	if err != nil || c.Subject == "" || c.Session == "" {
		return nil, unauthenticated("Invalid token")
	}
	return &c, nil
}
