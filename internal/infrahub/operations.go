package infrahub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/Khan/genqlient/graphql"
)

// Operations returns the client as the functions of package operations take
// it, for one branch and time as in [Query].
func (c *Client) Operations(branch, at string) graphql.Client {
	return operations{client: c, branch: branch, at: at}
}

// operations sends generated operations through a Client.
type operations struct {
	client     *Client
	branch, at string
}

// MakeRequest implements [graphql.Client]. Beside an error it fills resp with
// the data that came with it.
func (o operations) MakeRequest(ctx context.Context, req *graphql.Request, resp *graphql.Response) error {
	data, err := o.client.graphQL(ctx, Query{
		Document:  req.Query,
		Operation: req.OpName,
		Branch:    o.branch,
		At:        o.at,
		Mutation:  strings.HasPrefix(strings.TrimSpace(req.Query), "mutation"),
	}, req.Variables)
	if data != nil {
		if broken := json.Unmarshal(data, resp.Data); broken != nil {
			return errors.Join(err, &Error{
				Kind:    ServerFault,
				Message: fmt.Sprintf("The answer of Infrahub to %s cannot be read.", req.OpName),
				cause:   broken,
			})
		}
	}
	return err
}
