// Package raster holds pictures: 8-bit sRGB images, masks and maps, how they are read from files, resized, cropped and
// written, and how different two of them are in CIELAB.
//
// It is a leaf that everyone uses. What it does is what the reference programs do, to the byte where that is possible:
// Pillow for resizing, libjpeg-turbo's chroma upsampling for JPEG, scikit-image's CIELAB, Sharma's CIEDE2000.
//
//	img, meta, err := raster.DecodeFile("dog.jpg")
//	small := img.ShorterSide(256, raster.Bicubic).CentreCrop(224, 224)
package raster
