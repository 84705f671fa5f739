package program_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// infrahub is Infrahub as the tests themselves speak to it, past the program.
type infrahub struct{ address, token string }

// The demo data.
const (
	devices    = 40
	interfaces = 160 // of the kind DcimPhysicalInterface
	allPorts   = 200 // of the generic DcimInterface
)

// seeded reports what of the demo data is missing.
func (i infrahub) seeded() error {
	var have struct {
		Devices struct{ Count int } `json:"DcimDevice"`
		Ports   struct{ Count int } `json:"DcimPhysicalInterface"`
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := i.query(ctx, "", "{ DcimDevice { count } DcimPhysicalInterface { count } }", nil, &have); err != nil {
		return fmt.Errorf("counting the demo data: %w", err)
	}
	if have.Devices.Count != devices || have.Ports.Count != interfaces {
		return fmt.Errorf("there are %d devices and %d interfaces, want %d and %d: load the demo schema and seed %d devices",
			have.Devices.Count, have.Ports.Count, devices, interfaces, devices)
	}
	return nil
}

// query runs a GraphQL document and decodes its data. Errors beside the data
// are an error.
func (i infrahub) query(ctx context.Context, branch, document string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	path := "/graphql"
	if branch != "" {
		path += "/" + branch
	}
	raw, err := i.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []json.RawMessage
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("reading the answer of Infrahub: %w", err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("answer of Infrahub: %s", answer.Errors[0])
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, into)
}

// compare has Infrahub compare a branch with the default branch.
func (i infrahub) compare(ctx context.Context, branch string) error {
	return i.query(ctx, "", `mutation($branch: String!) { DiffUpdate(data: {branch: $branch}, wait_until_completion: true) { ok } }`, map[string]any{"branch": branch}, nil)
}

// load loads a schema on a branch (Infrahub REST, POST /api/schema/load).
func (i infrahub) load(ctx context.Context, branch string, schema map[string]any) error {
	body, err := json.Marshal(map[string]any{"schemas": []any{schema}})
	if err != nil {
		return err
	}
	_, err = i.send(ctx, http.MethodPost, "/api/schema/load?branch="+url.QueryEscape(branch), body)
	return err
}

// send sends a request, again while Infrahub puts it off because it is busy.
func (i infrahub) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	for range 20 {
		raw, wait, err := i.attempt(ctx, method, path, body)
		if wait == 0 {
			return raw, err
		}
		select {
		case <-time.After(wait): // as long as Infrahub says
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("%s %s: Infrahub stays busy", method, path)
}

// attempt sends a request once. wait says that it was not handled and may be
// sent again after that time.
func (i infrahub) attempt(ctx context.Context, method, path string, body []byte) (raw []byte, wait time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, method, i.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Close = true // Infrahub closes connections that were idle for some seconds
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-INFRAHUB-KEY", i.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	raw, err = io.ReadAll(response.Body)
	switch {
	case err != nil:
	case response.StatusCode == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		wait = time.Duration(max(seconds, 1)) * time.Second
	case response.StatusCode != http.StatusOK:
		err = fmt.Errorf("%s %s: status %s: %.300s", method, path, response.Status, raw)
	}
	return raw, wait, err
}

// must runs a GraphQL document for a test.
func (i infrahub) must(t *testing.T, branch, document string, variables map[string]any, into any) {
	t.Helper()
	if err := i.query(t.Context(), branch, document, variables, into); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
}

// eventually runs a GraphQL document that the workers of Infrahub understand
// only when all of them have a new schema.
func (i infrahub) eventually(t *testing.T, branch, document string, variables map[string]any) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := i.query(deadline, branch, document, variables, nil)
		if err == nil {
			return
		}
		if deadline.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%s: %v", document, err)
		}
	}
}
