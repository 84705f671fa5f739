package state

import (
	"bytes"
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Publish sends a message to whoever is subscribed to a topic now, and returns how
// many these are. It may be lost on the way. Nobody can read it or make one up who
// only sees what goes through Redis.
func (r *Redis) Publish(ctx context.Context, topic string, message []byte) (receivers int, err error) {
	sealed := r.seal(topic, append([]byte(r.self), message...))
	err = r.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		n, err := c.Publish(ctx, Prefix+topic, sealed).Result()
		receivers = int(n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("telling other replicas: %w", err)
	}
	return receivers, nil
}

// Subscribe hands each message of other replicas on a topic to a function, one
// after the other, until ctx ends. ready is called when messages get through, for
// the first time and whenever that was interrupted.
func (r *Redis) Subscribe(ctx context.Context, topic string, ready func(), handle func(message []byte)) {
	subscription := r.client.Subscribe(ctx, Prefix+topic)
	defer func() { _ = subscription.Close() }() // there is nothing to lose
	incoming := subscription.ChannelWithSubscriptions(redis.WithChannelSize(1000))
	for {
		select {
		case <-ctx.Done():
			return
		case one, ok := <-incoming:
			if !ok {
				return
			}
			switch m := one.(type) {
			case *redis.Subscription:
				if m.Kind == "subscribe" {
					ready()
				}
			case *redis.Message:
				plain, ok := r.open(topic, []byte(m.Payload))
				if !ok || bytes.HasPrefix(plain, []byte(r.self)) {
					continue // of a replica with other keys, or our own
				}
				handle(plain[len(r.self):])
			}
		}
	}
}
