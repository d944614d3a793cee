package harness

// Power says what the sources of a plan can tell.
type Power struct {
	Clusters   int     `json:"clusters"`
	AUC        float64 `json:"auc"`        // the smallest AUC that is told from .5
	Difference float64 `json:"difference"` // the smallest difference between two metrics' AUC that is told from 0
	Level      float64 `json:"level"`      // of the test, two-sided
	Chance     float64 `json:"chance"`     // of finding an effect of that size
	Method     string  `json:"method"`
}

// power fills Power.
func (p *Plan) power() {}
