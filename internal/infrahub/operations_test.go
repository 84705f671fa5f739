package infrahub_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
)

// operationsOf returns a client that gets the same answer to everything, and
// where the last request is found.
func operationsOf(t *testing.T, answer string) (*infrahub.Client, *map[string]any) {
	t.Helper()
	var last map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&last); err != nil {
			t.Error(err)
		}
		last["uri"] = r.RequestURI
		delete(last, "query")
		w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	u, err := infrahub.New(infrahub.Settings{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u.Client(infrahub.Credential{Token: "some-token"}), &last
}

func TestOperationsGoThroughTheClient(t *testing.T) {
	client, last := operationsOf(t, `{"data":{"Branch":[{"id":"1","name":"main","description":null,"status":"FUTURE_STATUS","is_default":true,"sync_with_git":null,"branched_from":"2026-11-22T12:00:00Z","created_at":null}]}}`)
	got, err := operations.Branches(t.Context(), client.Operations("a/b", "2h"))
	if err != nil {
		t.Fatal(err)
	}
	want := []operations.Branch{{Id: "1", Name: "main", Status: "FUTURE_STATUS", IsDefault: new(true), BranchedFrom: new("2026-11-22T12:00:00Z")}}
	if diff := cmp.Diff(want, got.Branch); diff != "" {
		t.Errorf("branches (-want +got):\n%s", diff)
	}
	request := map[string]any{"uri": "/graphql/a/b?at=2h", "operationName": "Branches"}
	if diff := cmp.Diff(request, *last); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestOperationsLeaveOutWhatIsNotSet(t *testing.T) {
	client, last := operationsOf(t, `{"data":{"InfrahubPathTraversal":{"count":0,"paths":[]}}}`)
	_, err := operations.PathTraversal(t.Context(), client.Operations("", ""), operations.PathTraversalInput{SourceId: "a", DestinationId: "b", MaxDepth: new(3)})
	if err != nil {
		t.Fatal(err)
	}
	request := map[string]any{
		"uri": "/graphql", "operationName": "PathTraversal",
		"variables": map[string]any{"data": map[string]any{"source_id": "a", "destination_id": "b", "max_depth": 3.0}},
	}
	if diff := cmp.Diff(request, *last); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestOperationsReturnDataBesideTheError(t *testing.T) {
	client, _ := operationsOf(t, `{"data":{"CoreNode":{"edges":[{"node":{"__typename":"DcimDevice","id":"1","display_label":null,"hfid":null}},{"node":null}]}},
		"errors":[{"message":"kaput","path":["CoreNode","edges",1,"node"]}]}`)
	got, err := operations.NodeLabels(t.Context(), client.Operations("", ""), []string{"1"}, 1)
	if fault, ok := errors.AsType[*infrahub.Error](err); !ok || fault.Message != "kaput." {
		t.Errorf("the error is %v", err)
	}
	want := []operations.LabelEdge{{Node: &operations.Label{Typename: new("DcimDevice"), Id: new("1")}}, {}}
	if diff := cmp.Diff(want, got.CoreNode.Edges); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}

func TestOperationsReportAnAnswerThatDoesNotFit(t *testing.T) {
	client, _ := operationsOf(t, `{"data":{"Branch":"all of them"}}`)
	_, err := operations.Branches(t.Context(), client.Operations("", ""))
	if !errors.Is(err, infrahub.ServerFault) {
		t.Errorf("the error is %v", err)
	}
}
