package nodes

import (
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// printFilter is the name of a filter that writes values as Python does. Gonja
// writes nothing for None and has no place to change that.
const printFilter = "printed_by_python"

// printAll adds the filter to all expressions of a text.
func printAll(template string) string {
	var b strings.Builder
	for {
		start := strings.Index(template, "{{")
		if start < 0 {
			break
		}
		end := endOfExpression(template[start:])
		if end < 0 {
			break
		}
		expression := template[start+2 : start+end]
		trimLeft, trimRight := "", ""
		if strings.HasPrefix(expression, "-") {
			expression, trimLeft = expression[1:], "-"
		}
		if strings.HasSuffix(expression, "-") {
			expression, trimRight = expression[:len(expression)-1], "-"
		}
		fmt.Fprintf(&b, "%s{{%s %s %s}}", template[:start], trimLeft, printExpression(expression), trimRight)
		template = template[start+end+2:]
	}
	b.WriteString(template)
	return b.String()
}

// printExpression adds the filter to an expression, or to both branches of a
// conditional one.
func printExpression(expression string) string {
	value, condition, isConditional := cutWord(expression, "if")
	if !isConditional {
		return "(" + expression + ") | " + printFilter
	}
	condition, alternative, hasAlternative := cutWord(condition, "else")
	if !hasAlternative {
		alternative = "''"
	}
	return fmt.Sprintf("(%s) | %s if %s else %s", value, printFilter, condition, printExpression(alternative))
}

// cutWord cuts an expression at a word that stands neither in quotes nor in
// brackets.
func cutWord(expression, word string) (before, after string, found bool) {
	var quote byte
	depth := 0
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth == 0 && i > 0 && expression[i-1] == ' ' && strings.HasPrefix(expression[i:], word+" "):
			return expression[:i], expression[i+len(word):], true
		}
	}
	return expression, "", false
}

// endOfExpression returns the index of the marks that close an expression, or a
// negative number.
func endOfExpression(text string) int {
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && strings.HasPrefix(text[i:], "}}"):
			return i
		}
	}
	return -1
}

func printValue(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	if in.IsNil() {
		return exec.AsValue("None")
	}
	switch value := in.Interface().(type) {
	case string, bool, int, int64, float64, []any, map[string]any:
		return exec.AsValue(printed(value))
	}
	return exec.AsValue(in.String())
}
