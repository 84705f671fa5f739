package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// limit measures how many replies per second the upstream gives to 64 clients that
// do nothing else: a server that gets fewer is not held up by it.
func (u *upstream) limit(ctx context.Context, atLeast time.Duration) (float64, error) {
	const clients = mostClients
	web := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer web.CloseIdleConnections()
	ask := func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL+"/graphql/main",
			strings.NewReader(`{"query":"{ DcimDevice(limit: 10) { count edges { node { id display_label } } } }"}`))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := web.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the upstream answers with status %s", response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	var counts [clients]int
	began := time.Now()
	var group errgroup.Group
	for i := range clients {
		group.Go(func() error {
			for time.Since(began) < atLeast {
				if err := ask(); err != nil {
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	err := group.Wait()
	elapsed, sum := time.Since(began), 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / elapsed.Seconds(), err
}
