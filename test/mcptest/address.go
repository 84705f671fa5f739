package mcptest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports that FreeAddress chooses from lie below those that systems give to
// who asks for any port (from 32768 on Linux, from 49152 elsewhere): a port among
// those may be given to another program, or to the end of a connection, before its
// taker listens.
const (
	firstPort = 20000
	lastPort  = 29999
)

// chosen are the ports that FreeAddress gave away in this process.
var chosen sync.Map

// FreeAddress is a host:port of the loopback interface at which nobody listens
// now, for what must know its own address before it listens. Who only has to
// listen somewhere asks the system for port 0 instead.
func FreeAddress() (string, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if _, taken := chosen.LoadOrStore(port, true); taken {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody listens there
		}
		if err := listener.Close(); err != nil {
			return "", err
		}
		return address, nil
	}
	return "", errors.New("no port is free")
}
