package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"infrahub-mcp/internal/infrahub"
)

// Profile returns the Ask that reads the account a credential belongs to
// (Infrahub GraphQL, AccountProfile): its name, or its label if it has none.
func Profile(u *infrahub.Upstream) Ask {
	return func(ctx context.Context, c infrahub.Credential) (string, error) {
		data, err := u.Client(c).GraphQL(ctx, infrahub.Query{
			Document:  "query AccountProfile { AccountProfile { display_label name { value } } }",
			Operation: "AccountProfile",
		})
		if err != nil && !ran(err) {
			return "", fmt.Errorf("asking for the account: %w", err)
		}
		return readProfile(data), nil
	}
}

// readProfile returns the name in an answer, "" when there is none.
func readProfile(data []byte) string {
	var answer struct {
		AccountProfile *struct {
			DisplayLabel string `json:"display_label"`
			Name         struct {
				Value string `json:"value"`
			} `json:"name"`
		}
	}
	if json.Unmarshal(data, &answer) != nil || answer.AccountProfile == nil {
		return ""
	}
	return cmp.Or(answer.AccountProfile.Name.Value, answer.AccountProfile.DisplayLabel)
}

// ran reports whether Infrahub ran the query in spite of the error: it answers
// 401 before that to a credential it does not accept.
func ran(err error) bool {
	e, ok := errors.AsType[*infrahub.Error](err)
	return ok && e.HTTPStatus == http.StatusOK && !infrahub.Unauthorized(err)
}
