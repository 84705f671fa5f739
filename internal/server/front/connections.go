package front

import (
	"net"
	"sync"
	"sync/atomic"
)

// LimitConnections returns a listener that keeps at most a number of
// connections open and closes those beyond at once, so that their clients learn
// it and can go elsewhere. 0 is no limit.
func LimitConnections(l net.Listener, most int) net.Listener {
	if most <= 0 {
		return l
	}
	return &limitedListener{Listener: l, most: int64(most)}
}

type limitedListener struct {
	net.Listener
	most int64
	open atomic.Int64
}

// Accept returns the next connection for which there is room.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		conn.Close()
	}
}

type limitedConn struct {
	net.Conn
	release func()
}

// Close closes the connection and makes room for another.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// CloseWrite ends what is sent and leaves the rest open, where the connection can
// do so. By this net/http lets a client read the refusal of a request that was not
// read to its end; otherwise the client may see a reset connection.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
