# Writes agreement.json: what R's psych, pROC, psyphy and boot say of the data in goldens.json. Usage: Rscript agreement.R (in this folder).
suppressMessages({library(psych); library(pROC); library(psyphy); library(boot); library(jsonlite)})
g <- fromJSON("goldens.json")
out <- list(oracle = paste0(R.version.string, ", psych ", packageVersion("psych"), ", pROC ", packageVersion("pROC"), ", psyphy ", packageVersion("psyphy"), ", boot ", packageVersion("boot")))
w <- r.test(n = 40, r12 = .6, r13 = .45, r23 = .3)
out$williams <- c(w$t, w$p)
# Fisher's interval of Pearson's correlation.
ci <- r.con(g$pearson, length(g$x), p = .95)
out$fisher <- as.numeric(ci)
icc <- ICC(g$ratings, lmer = FALSE, alpha = .05)$results
out$icc <- lapply(seq_len(nrow(icc)), function(i) list(form = icc$type[i], value = icc$ICC[i], f = icc$F[i], p = icc$p[i], low = icc[["lower bound"]][i], high = icc[["upper bound"]][i]))
# DeLong on the first 30 as negatives, the last 30 as positives.
n <- length(g$x)
label <- rep(0:1, each = 30)
a <- roc(label, c(g$x[1:30], g$y[31:n] + 1), direction = "<", quiet = TRUE)
b <- roc(label, c(g$z[1:30], g$z[31:n] + .5), direction = "<", quiet = TRUE)
t <- roc.test(a, b, method = "delong", paired = TRUE)
out$delong <- c(auc(a), auc(b), var(a), var(b), cov(a, b), t$statistic, t$p.value)
# Psychometric functions: guess rate 1/2 without a lapse, by maximum likelihood; then the lapse rate profiled.
x <- c(-3, -2, -1, 0, 1, 2, 3, 4); hits <- c(21, 19, 26, 27, 33, 37, 38, 39); total <- rep(40, 8)
d <- data.frame(x = x, hits = hits, total = total)
m <- glm(cbind(hits, total - hits) ~ x, binomial(mafc.logit(2)), d, control = glm.control(epsilon = 1e-14, maxit = 200))
out$psychometric <- list(x = x, hits = hits, n = total, threshold = unname(-coef(m)[1] / coef(m)[2]), scale = unname(1 / coef(m)[2]), deviance = deviance(m), df = df.residual(m), p = pchisq(deviance(m), df.residual(m), lower.tail = FALSE))
loss <- function(v) { q <- .5 + (.5 - v[3]) * plogis((x - v[1]) / exp(v[2])); -sum(dbinom(hits, total, pmin(pmax(q, 1e-9), 1 - 1e-9), log = TRUE)) }
best <- NULL
for (t0 in c(-1, 0, 1, 2)) for (s0 in c(-1, 0, 1)) {
  o <- optim(c(t0, s0, .02), loss, method = "L-BFGS-B", lower = c(-10, -5, 0), upper = c(10, 5, .06), control = list(factr = 1, maxit = 10000))
  if (is.null(best) || o$value < best$value) best <- o
}
saturated <- sum(dbinom(hits, total, hits / total, log = TRUE))
out$lapse <- list(threshold = best$par[1], scale = exp(best$par[2]), lapse = best$par[3], deviance = 2 * (saturated + best$value))
out$dprime <- sqrt(2) * qnorm(c(.8, .55)) # of two alternatives, in which the share right is the AUC; psyphy's dprime.mAFC(.8, 2) finds 1.19021 by a root finder
# Bootstrap-t, BCa and percentile of a mean over clusters, in the very resamples that are given.
s <- c(.91, .87, .74, .99, .6, .8, .7, .95, .5, .83)
set.seed(3)
boots <- boot(s, function(v, i) c(mean(v[i]), var(v[i]) / length(i)), R = 50000)
ci <- boot.ci(boots, conf = .95, type = c("stud", "bca", "perc"), var.t0 = var(s) / length(s))
out$boot <- list(values = s, stud = ci$student[4:5], bca = ci$bca[4:5], perc = ci$percent[4:5])
# Split halves: all three ways to part four raters, averaged by Fisher's z, then Spearman and Brown's step up.
r <- apply(combn(4, 2)[, 1:3], 2, function(k) cor(rowMeans(g$ratings[, k]), rowMeans(g$ratings[, -k])))
half <- fisherz2r(mean(fisherz(r)))
out$halves <- c(half, 2 * half / (1 + half))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "agreement.json")
