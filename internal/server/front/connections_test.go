package front

import (
	"io"
	"net"
	"testing"
)

func TestConnectionsBeyondTheLimitAreClosedAtOnce(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := LimitConnections(listener, 2)
	accepted, ended := make(chan net.Conn), make(chan error, 1)
	go func() {
		for {
			conn, err := limited.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	address := listener.Addr().String()
	dial(t, address)
	first := <-accepted
	dial(t, address)
	second := <-accepted

	for range 10 {
		if n, err := dial(t, address).Read(make([]byte, 1)); n != 0 || err == nil {
			t.Fatal("a connection beyond the limit was served")
		}
	}
	first.Close()
	first.Close() // makes room once
	client := dial(t, address)
	third := <-accepted
	if _, err := io.WriteString(third, "x"); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("the new connection does not work: %v", err)
	}
	if n, err := dial(t, address).Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("closing twice made room for two")
	}
	second.Close()
	third.Close()
	limited.Close()
	if <-ended == nil {
		t.Error("the listener goes on after its end")
	}
	if got := limited.(*limitedListener).open.Load(); got != 0 {
		t.Errorf("%d connections are counted as open", got)
	}
}

func TestNoLimitOfConnections(t *testing.T) {
	if l := LimitConnections(nil, 0); l != nil {
		t.Error("a listener was wrapped")
	}
}
