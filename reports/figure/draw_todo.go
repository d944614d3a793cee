package figure

func (c *Matrix) Draw(o Options) (*Figure, error)      { return nil, c.fail("not drawn yet") }
func (c *Bars) Draw(o Options) (*Figure, error)        { return nil, c.fail("not drawn yet") }
func (c *Surface) Draw(o Options) (*Figure, error)     { return nil, c.fail("not drawn yet") }
func (c *Strip) Draw(o Options) (*Figure, error)       { return nil, c.fail("not drawn yet") }
func (c *Gallery) Draw(o Options) (*Figure, error)     { return nil, c.fail("not drawn yet") }
func (c *HeatOverlay) Draw(o Options) (*Figure, error) { return nil, c.fail("not drawn yet") }
