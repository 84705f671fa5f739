package main

import "testing"

func TestTheAnswerIsTheLastMessageOfAResponse(t *testing.T) {
	for _, c := range []struct{ name, contentType, body, want string }{
		{"JSON", "application/json; charset=utf-8", "{\"id\":1}\n", `{"id":1}`},
		{"one event", "text/event-stream", "event: message\ndata: {\"id\":1}\n\n", `{"id":1}`},
		{"events after which it comes", "text/event-stream", "event: message\ndata: {\"method\":\"m\"}\n\nid: 2\ndata: {\"id\":1}\n\n", `{"id":1}`},
		{"an event with carriage returns", "text/event-stream", "event: message\r\ndata: {\"id\":1}\r\n\r\n", `{"id":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := last(c.contentType, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, contentType := range []string{"text/plain", "text/event-stream"} {
		if got, err := last(contentType, []byte("oops")); err == nil {
			t.Errorf("a response of type %s without a message holds %q", contentType, got)
		}
	}
}
