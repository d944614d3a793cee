# Called by splitplot.py with a table; prints what lme4 and lmerTest say of it as JSON.
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})
d <- read.csv(commandArgs(TRUE)[1])
terms <- c("A", "L", "A:L", "O", "A:O", "L:O", "A:L:O", "P", "A:P", "L:P", "A:L:P", "O:P", "A:O:P", "L:O:P", "A:L:O:P") # by bits: A 1, L 2, O 4, P 8
value <- function(t) Reduce(`*`, d[strsplit(t, ":")[[1]]])
for (i in seq_along(terms)) d[[paste0("x", i)]] <- value(terms[i])
slopes <- paste0("(0 + x", seq_along(terms), " | source)", collapse = " + ")
f <- as.formula(paste("y ~", paste0("x", seq_along(terms), collapse = " + "), "+ (1 | model) + (1 | model:P) + (1 | source) + (1 | model:source) +", slopes))
m <- lmer(f, d, control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 2e6, rhoend = 1e-10)))
v <- as.data.frame(VarCorr(m))
component <- function(group, name = "(Intercept)") v$vcov[grepl(paste0("^", group, "(\\.[0-9]+)?$"), v$grp) & v$var1 %in% name]
slope <- sapply(seq_along(terms), function(i) v$vcov[v$var1 %in% paste0("x", i)])
s <- summary(m, ddf = "Satterthwaite")$coefficients
# One part alone: seven terms, seeds and sources.
half <- subset(d, P == 1)
h <- lmer(as.formula(paste("y ~", paste0("x", 1:7, collapse = " + "), "+ (1 | model) + (1 | source) +", paste0("(0 + x", 1:7, " | source)", collapse = " + "))), half,
  control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 2e6, rhoend = 1e-10)))
k <- summary(h, ddf = "Satterthwaite")$coefficients[2, ]
cat(toJSON(list(
  oracle = paste0(R.version.string, ", lme4 ", packageVersion("lme4"), ", lmerTest ", packageVersion("lmerTest")),
  coefficient = unname(s[-1, "Estimate"]), se = unname(s[-1, "Std. Error"]), df = unname(s[-1, "df"]),
  one_part = unname(k[c("Estimate", "Std. Error", "df")]),
  components = c(component("model"), component("model.P", "(Intercept)"), component("source"), slope, component("model.source"), v$vcov[v$grp == "Residual"])), digits = NA, auto_unbox = TRUE))
