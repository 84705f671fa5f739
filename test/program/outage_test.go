package program_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

func TestAServerThatStartsBeforeInfrahubFindsItLater(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overStdio, overHTTP} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run(fmt.Sprintf("over %s in protocol %s", over, era), func(t *testing.T) {
				parallel(t)
				p := reserveProxy(t)
				calls := everyTool(t)
				s := sessionAt(t, p, launch{transport: over, address: "http://" + p.address}, era) // lists the tools
				if len(s.outputs) != len(readTools())+len(writeTools()) {
					t.Errorf("%d tools are listed while Infrahub is down", len(s.outputs))
				}
				if _, err := s.GetPrompt(t.Context(), "infrahub_agent", nil); err != nil {
					t.Errorf("a prompt while Infrahub is down: %v", err)
				}
				unreachable(t, s, calls)
				p.open(t)
				recovered(t, s)
				for _, c := range calls {
					s.must(t, c.tool, c.arguments)
				}
			})
		}
	}
}

// unreachable checks that every call ends as it has to when Infrahub is down.
func unreachable(t *testing.T, s *session, calls []toolCall) {
	t.Helper()
	var asked []func() error
	expect := func(what string, call func() (string, error)) {
		asked = append(asked, func() error {
			text, err := call()
			switch f, ok := errors.AsType[*mcptest.Fault](err); {
			case err == nil:
				return fmt.Errorf("%s has a result: %s; want code -32002", what, text)
			case !ok || f.Code != -32002 || f.Message == "":
				return fmt.Errorf("%s, want code -32002: %w", what, err)
			}
			return nil
		})
	}
	for _, c := range calls {
		if c.tool == "get_session_info" {
			continue
		}
		expect(c.tool, func() (string, error) {
			result, err := s.CallTool(t.Context(), c.tool, c.arguments)
			return result.Text, err
		})
	}
	for _, uri := range []string{"infrahub://schema", "infrahub://schema/DcimDevice", "infrahub://graphql-schema", "infrahub://branches"} {
		expect(uri, func() (string, error) {
			content, err := s.ReadResource(t.Context(), uri)
			return content.Text, err
		})
	}
	expect("the completion of a branch", func() (string, error) {
		completion, err := s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, "branch", "m", nil)
		return fmt.Sprint(completion), err
	})
	// What the server knows by itself is worth telling.
	asked = append(asked, func() error {
		result, err := s.CallTool(t.Context(), "get_session_info", nil)
		if err == nil && (result.IsError || !strings.Contains(result.Text, "does not answer")) {
			err = errors.New(result.Text)
		}
		if err != nil {
			return fmt.Errorf("get_session_info, which has something to tell: %w", err)
		}
		return nil
	})
	together(t, len(asked), func(i int) error { return asked[i]() })
}

func TestAnInfrahubInTroubleIsUnavailable(t *testing.T) {
	parallel(t)
	for name, behaviour := range map[string]http.HandlerFunc{
		"a gateway that answers 503":             unavailable,
		"an Infrahub that does not answer":       hanging,
		"a connection that breaks at once":       breaking(""),
		"a connection that breaks in the answer": breaking(`{"data": {"DcimDevice": {"count"`),
	} {
		t.Run(name, func(t *testing.T) {
			parallel(t)
			bothTransports(t, func(t *testing.T, s *session) {
				s.proxy.behave(behaviour)
				unreachable(t, s, everyTool(t))
				s.proxy.behave(nil)
				recovered(t, s)
			}, "INFRAHUB_TIMEOUT=5") // a busy Infrahub may need more than a second
		})
	}
}

// recovered fails unless calls work again. An Infrahub that others keep busy may
// take longer for one of them than the program waits.
func recovered(t *testing.T, s *session) {
	t.Helper()
	var last error
	// Infrahub may be left alone for a while after it did not answer.
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
		result, err := s.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice"})
		if err == nil && !result.IsError {
			return
		}
		last = cmp.Or(err, errors.New(result.Text))
	}
	t.Errorf("calls fail although Infrahub is back: %v", last)
}

// breaking answers a part of a message and breaks the connection.
func breaking(part string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if part != "" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "10000")
			_, _ = w.Write([]byte(part))
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// Clients go on calling while Infrahub goes away and comes back.
func TestAnInfrahubThatRestartsUnderLoadLosesNoAnswers(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overStdio, overHTTP} {
		t.Run("over "+string(over), func(t *testing.T) {
			parallel(t)
			p := startProxy(t)
			program := start(t, launch{transport: over, address: "http://" + p.address})
			const number = 20
			callers := make([]*mcptest.Client, number)
			for i := range callers {
				switch {
				case over == overHTTP:
					callers[i] = program.connect(t, []mcptest.Era{mcptest.Legacy, mcptest.Modern}[i%2])
				case i == 0:
					callers[i] = program.connect(t, mcptest.Legacy)
				default:
					callers[i] = callers[0] // a process on stdio has one client
				}
			}

			var refused, succeeded atomic.Int64 // while Infrahub is down, and all told
			var state atomic.Int32              // before, down, after
			const before, down, after = 0, 1, 2
			var running, warm, felt sync.WaitGroup
			warm.Add(number)
			felt.Add(number)
			for i, c := range callers {
				running.Go(func() {
					isWarm, hasFelt := sync.OnceFunc(warm.Done), sync.OnceFunc(felt.Done)
					defer isWarm() // whatever happens, nobody waits for this caller
					defer hasFelt()
					for left := 5; left > 0; {
						started := state.Load()
						result, err := c.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 5, "offset": i})
						ended := state.Load()
						f, isFault := errors.AsType[*mcptest.Fault](err)
						switch {
						case err == nil && !result.IsError:
							succeeded.Add(1)
							if !strings.Contains(string(result.Structured), fmt.Sprintf(`"offset":%d,`, i)) {
								t.Errorf("caller %d has the answer to another: %s", i, result.Structured)
							}
							isWarm()
							if started == after {
								left--
							}
						case started == after && isFault && strings.Contains(f.Message, "in a row"):
							// Infrahub is asked again in a moment.
							select {
							case <-time.After(10 * time.Millisecond):
							case <-t.Context().Done():
								return
							}
						case started == after || ended == before:
							t.Errorf("a call fails although Infrahub is there: %v %s", err, result.Text)
							return
						case isFault && f.Code == -32002:
							refused.Add(1)
							hasFelt()
						default:
							t.Errorf("a call ends otherwise while Infrahub is down: %v %s", err, result.Text)
							return
						}
					}
				})
			}
			warm.Wait()
			state.Store(down)
			p.close()
			outage := time.After(2 * time.Second)
			felt.Wait()
			<-outage
			p.open(t)
			state.Store(after)
			running.Wait()
			t.Logf("%d calls were refused, %d succeeded", refused.Load(), succeeded.Load())
			if !program.Alive() {
				t.Errorf("the program ended: %s", tail(program.Log()))
			}
		})
	}
}
