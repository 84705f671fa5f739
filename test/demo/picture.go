package main

import (
	"context"
	"fmt"
	"html"
	"os"
	"strings"
	"unicode/utf8"
)

// paint plays the conversation and writes a picture of some of it to a file, as
// SVG. Nothing in the picture is made up.
func paint(ctx context.Context, program, file string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	assistant, err := start(ctx, program)
	if err != nil {
		return err
	}
	exchanges, err := record(ctx, assistant, conversation())
	if ended := assistant.end(); err == nil {
		err = ended
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(draw(exchanges)), 0o644); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// exchange is a step that was played, and what came back.
type exchange struct {
	step
	answer answer
}

// record plays the steps and returns those that are for the picture.
func record(ctx context.Context, assistant *assistant, steps []step) ([]exchange, error) {
	var shown []exchange
	for _, step := range steps {
		answer, err := assistant.call(ctx, step.tool, step.arguments)
		if err == nil {
			err = step.check(answer)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", step.user, err)
		}
		if step.picture != "" {
			shown = append(shown, exchange{step, answer})
		}
	}
	return shown, nil
}

// Sizes in pixels. No font for code is wider than 0.61 of its height, so lines of
// as many columns fit, whatever fonts the reader has.
const (
	width   = 880
	margin  = 28 // around everything
	inset   = 16 // from the edge of a card to its text
	code    = 13 // height of letters
	line    = 20 // from one line to the next
	columns = (width - 2*margin - 2*inset) * 100 / (61 * code)
)

// looks has the colours of the picture, for light and for dark surroundings.
const looks = `<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f }
.user, .note, .title { font-family: -apple-system, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif }
.user { font-size: 15px; fill: #ffffff } .note { fill: #57606a } .title { font-weight: 600; fill: #57606a }
.tool { font-weight: 700; fill: #0550ae } .faint { fill: #57606a }
.page { fill: #ffffff; stroke: #d0d7de } .card { fill: #f6f8fa; stroke: #d0d7de } .rule { stroke: #d0d7de }
.bubble { fill: #0969da } .good { fill: #1a7f37 } .refused { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .user { fill: #ffffff } .note, .title, .faint { fill: #9198a1 }
  .tool { fill: #79c0ff } .page { fill: #0d1117; stroke: #3d444d } .card { fill: #151b23; stroke: #3d444d } .rule { stroke: #3d444d }
  .bubble { fill: #1f6feb } .good { fill: #3fb950 } .refused { fill: #f0883e }
}
</style>
`

// canvas is a picture that grows downwards.
type canvas struct {
	strings.Builder
	y int // where the next thing goes
}

// draw returns a conversation as SVG: questions on the right, and on the left the
// calls that were made of them with what came back.
func draw(exchanges []exchange) string {
	c := &canvas{y: margin}
	c.text(margin, c.y+12, "title", "An assistant works on Infrahub through infrahub-mcp")
	c.y += 32
	for i, e := range exchanges {
		if i > 0 {
			c.y += 16
		}
		c.question(e.user)
		c.call(e)
	}
	height := c.y + margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" xml:space="preserve" role="img" aria-label="A conversation in which an assistant changes a device on a branch and proposes the change">
%s<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="12"/>
%s</svg>
`, width, height, looks, width-1, height-1, c)
}

// question draws what the user says.
func (c *canvas) question(text string) {
	const height = 34
	across := 34 + utf8.RuneCountInString(text)*8 // letters of 15 px are narrower, mostly
	x := width - margin - across
	fmt.Fprintf(c, `<rect class="bubble" x="%d" y="%d" width="%d" height="%d" rx="18"/>`+"\n", x, c.y, across, height)
	fmt.Fprintf(c, `<text class="user" x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", x+across/2, c.y+22, html.EscapeString(text))
	c.y += height + 10
}

// call draws a call, its answer, and what that shows.
func (c *canvas) call(e exchange) {
	sent := wrap(e.tool+" "+arguments(e.arguments), columns-2)
	var got []string
	for _, text := range dedent(excerpt(e.answer.text, e.picture)) {
		got = append(got, wrap(text, columns)...)
	}
	const room = 12
	upper, lower := room+len(sent)*line, room+len(got)*line
	fmt.Fprintf(c, `<rect class="card" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", margin, c.y, width-2*margin, upper+lower)
	state := "good"
	if e.refused {
		state = "refused"
	}
	fmt.Fprintf(c, `<circle class="%s" cx="%d" cy="%d" r="4"/>`+"\n", state, margin+inset+4, c.y+room/2+line/2)
	for i, text := range sent {
		y := c.y + room/2 + i*line + line*7/10
		if tool, rest, _ := strings.Cut(text, " "); i == 0 {
			fmt.Fprintf(c, `<text x="%d" y="%d"><tspan class="tool">%s</tspan> <tspan class="faint">%s</tspan></text>`+"\n",
				margin+inset+16, y, html.EscapeString(tool), html.EscapeString(rest))
		} else {
			c.text(margin+inset+16, y, "faint", text)
		}
	}
	fmt.Fprintf(c, `<path class="rule" d="M%d %d.5H%d"/>`+"\n", margin, c.y+upper, width-margin)
	for i, text := range got {
		c.text(margin+inset, c.y+upper+room/2+i*line+line*7/10, "", text)
	}
	c.y += upper + lower + 20
	c.text(margin+inset, c.y, "note", e.proves)
}

func (c *canvas) text(x, y int, class, text string) {
	if class != "" {
		class = fmt.Sprintf("class=%q ", class)
	}
	fmt.Fprintf(c, `<text %sx="%d" y="%d">%s</text>`+"\n", class, x, y, html.EscapeString(text))
}

// wrap breaks a text into lines, after commas and blanks where there are any.
func wrap(text string, columns int) []string {
	var lines []string
	rest := []rune(text)
	for len(rest) > columns {
		end := columns
		if i := strings.LastIndexAny(string(rest[:columns]), ", "); i > 0 {
			end = utf8.RuneCountInString(string(rest[:columns])[:i+1])
		}
		lines = append(lines, strings.TrimRight(string(rest[:end]), " "))
		rest = rest[end:]
	}
	return append(lines, string(rest))
}

// dedent removes the indentation that all lines have.
func dedent(lines []string) []string {
	least := -1
	for _, text := range lines {
		if n := len(text) - len(strings.TrimLeft(text, " ")); least < 0 || n < least {
			least = n
		}
	}
	cut := make([]string, len(lines))
	for i, text := range lines {
		cut[i] = text[least:]
	}
	return cut
}
