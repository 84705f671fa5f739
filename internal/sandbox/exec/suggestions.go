package exec

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// didYouMean ends a message with the names that are most like a wrong one, five
// at most, or with nothing. The intent stands before them: "the enum value".
func didYouMean(intent, wrong string, known []string) string {
	return offer(intent, closest(wrong, known))
}

func offer(intent string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, min(len(names), 5))
	for i := range quoted {
		quoted[i] = "'" + names[i] + "'"
	}
	last := len(quoted) - 1
	switch {
	case last == 1:
		quoted = []string{quoted[0] + " or " + quoted[1]}
	case last > 1:
		quoted[last] = "or " + quoted[last]
	}
	if intent != "" {
		intent += " "
	}
	return " Did you mean " + intent + strings.Join(quoted, ", ") + "?"
}

// closest returns the names that can be reached with few edits, the closest
// first: as many edits as two fifths of the letters, and one.
func closest(wrong string, known []string) []string {
	distances := map[string]int{}
	limit := len([]rune(wrong))*2/5 + 1
	for _, name := range known {
		if d := distance(wrong, name); d <= limit {
			distances[name] = d
		}
	}
	names := make([]string, 0, len(distances))
	for name := range distances {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(distances[a], distances[b]), compareNaturally(a, b))
	})
	return names
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbor to make one name of the other. All changes of case count as one.
func distance(one, other string) int {
	if one == other {
		return 0
	}
	a, b := []rune(strings.ToLower(one)), []rune(strings.ToLower(other))
	if slices.Equal(a, b) {
		return 1
	}
	rows := make([][]int, len(a)+1) // rows[i][j]: from i letters of a to j of b
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			edits := min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				edits = min(edits, rows[i-2][j-2]+1)
			}
			rows[i][j] = edits
		}
	}
	return rows[len(a)][len(b)]
}

// compareNaturally orders names with the numbers in them by their size.
func compareNaturally(a, b string) int {
	for a != "" && b != "" {
		textA, numberA, restA := splitNumber(a)
		textB, numberB, restB := splitNumber(b)
		if order := cmp.Or(strings.Compare(textA, textB), compareNumbers(numberA, numberB)); order != 0 {
			return order
		}
		a, b = restA, restB
	}
	return strings.Compare(a, b)
}

// splitNumber cuts a name behind the first number in it.
func splitNumber(name string) (text, number, rest string) {
	from := strings.IndexFunc(name, unicode.IsDigit)
	if from < 0 {
		return name, "", ""
	}
	to := strings.IndexFunc(name[from:], func(r rune) bool { return !unicode.IsDigit(r) })
	if to < 0 {
		return name[:from], name[from:], ""
	}
	return name[:from], name[from : from+to], name[from+to:]
}

func compareNumbers(a, b string) int {
	x, _ := strconv.Atoi(a) // zero where there is none
	y, _ := strconv.Atoi(b)
	return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b))
}
