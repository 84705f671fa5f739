// Package tracetest collects traces in tests.
package tracetest

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes spans by OTLP, over HTTP (protobuf) and over gRPC at one address.
type Collector struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	headers []http.Header
	raw     strings.Builder
}

// Span is a span as it was exported. The texts of ids are hexadecimal.
type Span struct {
	Trace, ID, Parent, State string
	Name, Kind               string // the kind is "server", "client" or "internal"
	Error                    bool
	Attributes               map[string]string
	Links                    []string // traces and spans, as trace-span
	Resource                 map[string]string
}

// New returns a Collector that is closed when the test ends.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewUnstartedServer(c)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP takes an ExportTraceServiceRequest.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := read(r)
	if err == nil {
		err = c.take(r.Header, message)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !overGRPC(r) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	_, _ = w.Write(make([]byte, prefix)) // an empty answer
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
}

// prefix is that of a message of gRPC: whether it is compressed, and its length.
const prefix = 5

func overGRPC(r *http.Request) bool {
	return r.URL.Path == "/opentelemetry.proto.collector.trace.v1.TraceService/Export" && r.ProtoMajor == 2
}

// read reads the message of a request.
func read(r *http.Request) ([]byte, error) {
	switch {
	case overGRPC(r):
		raw, err := io.ReadAll(r.Body)
		if err != nil || len(raw) < prefix || raw[0] != 0 {
			return nil, fmt.Errorf("%d bytes are no message: %w", len(raw), err)
		}
		return raw[prefix:], nil
	case r.URL.Path != "/v1/traces":
		return nil, fmt.Errorf("nothing is collected at %s", r.URL.Path)
	case r.Header.Get("Content-Encoding") == "gzip":
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(body)
	}
	return io.ReadAll(r.Body)
}

func (c *Collector) take(header http.Header, message []byte) error {
	var export collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(message, &export); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(message)
	c.headers = append(c.headers, header)
	for _, of := range export.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
					State: s.GetTraceState(), Name: s.GetName(), Kind: strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")),
					Error:      s.GetStatus().GetCode() == 2,
					Attributes: values(s.GetAttributes()), Resource: values(of.GetResource().GetAttributes()),
				}
				for _, link := range s.GetLinks() {
					span.Links = append(span.Links, hex.EncodeToString(link.GetTraceId())+"-"+hex.EncodeToString(link.GetSpanId()))
				}
				c.spans = append(c.spans, span)
			}
		}
	}
	return nil
}

// values are attributes as texts.
func values(pairs []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, pair := range pairs {
		all[pair.GetKey()] = value(pair.GetValue())
	}
	return all
}

func value(v *common.AnyValue) string {
	switch v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.GetStringValue()
	case *common.AnyValue_ArrayValue:
		var all []string
		for _, one := range v.GetArrayValue().GetValues() {
			all = append(all, value(one))
		}
		return strings.Join(all, " ")
	default:
		return fmt.Sprint(v.GetIntValue())
	}
}

// Spans returns what was collected so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Headers returns those of the exports so far.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Raw returns the bytes of the messages so far.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// Tree writes traces as a tree: one line for each span, those that others began
// under its parent, by name. A failure has its class behind it.
func Tree(spans []Span) string {
	known := map[string]bool{}
	children := map[string][]Span{}
	for _, s := range spans {
		known[s.ID] = true
	}
	for _, s := range spans {
		parent := s.Trace + "-" + s.Parent
		if !known[s.Parent] {
			parent = ""
		}
		children[parent] = append(children[parent], s)
	}
	var tree strings.Builder
	var write func(of, indent string)
	write = func(of, indent string) {
		slices.SortStableFunc(children[of], func(a, b Span) int { return strings.Compare(a.Name, b.Name) })
		for _, s := range children[of] {
			fmt.Fprintf(&tree, "%s%s (%s)", indent, s.Name, s.Kind)
			if s.Error {
				fmt.Fprintf(&tree, " failed: %s", s.Attributes["error.type"])
			}
			tree.WriteByte('\n')
			write(s.Trace+"-"+s.ID, indent+"  ")
		}
	}
	write("", "")
	return tree.String()
}
