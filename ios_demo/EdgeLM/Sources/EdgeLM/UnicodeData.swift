// Unicode as Python's `tokenizers` knows it. Generated: python -m conformance.unicode
let unicodeData: String = """
edgelm-unicode 1
set control 0+8 2+1 1+h 2n+w d 11u+5 m 5c 1d 3cu 1ks+4 q+4 1d+4 1+9 11u8+4xr 16n 6x+2 1 3b3 xya+3 43z+7 h406 u\
+2n 1egw+1ekd 2+1ekd
set bert_space 9+1 2 42 4bj 1vj+a t+1 5 1b 334
set space 9+4 i 2s q 4bj 1vj+a t+1 5 1b 334
set bert_punctuation x+e a+6 q+5 q+3 y 5 3 a+1 3 3 ji 8 cy+5 15+1 1f 1 2 2 18+1 k+1 1+1 d 2+1 22+3 2u 17+d 6h+\
2 1i+e v 79+1 a an lf 2i a+1 4o+e 1 11+3 1z 22+4 4+1 33+5 4r h0+8 47 h8+1 18+1 26+2 1z+1 4d+2 1+2 11+a 8p+1 60\
+1 3k+6 1+5 4s+6 4b+3 1n+4 1q+1 1s+7 b n0+n 8+j 1+c 1+b u+1 e+1 hl+3 t+1 u5+d 27+1 v+9 b7+l 1r+3 w+1 l7+3 1+1 \
34 3z+1a 1+i ce+2 4+9 2+b g c 2q 2i mwy+1 7h+2 2r a 37+5 ak+3 2e+1 14+2 1 1d+1 1b 2p+c g+1 3g+3 3i+1 g+1 6x g2\
a+1 5s+9 m+y 1+d 1 4 1+1 45+2 1+5 1+3 a+1 3+1 q+2 1 r 1 1+6 be+2 ik 1c bi kn 5j v 7k+8 12 34+6 1u+6 2h+3 x6+6 \
31+1 1+3 3i+3 1c+1 27+4 3 d 1+2 2g+5 2z f0 6y+m 2x+2 6w+2 2lt+4 dtl+1 3p 1t+4 8 g2i 5wn+4
set punctuation x+e a+6 q+5 q+3 y 5 3 a+1 3 3 ji 8 cy+5 15+1 1f 1 2 2 18+1 k+1 1+1 d 2+1 22+3 2u 17+d 6h+2 1i+\
e v 79+1 a an lf 2i a+1 4o+e 1 11+3 1z 22+4 4+1 33+5 4r h0+8 47 h8+1 18+1 26+2 1z+1 4d+2 1+2 11+a 8p+1 60+1 3k\
+6 1+5 4s+6 4b+3 1n+4 1q+1 1s+7 b n0+n 8+j 1+c 1+b u+1 e+1 hl+3 t+1 u5+d 27+1 v+9 b7+l 1r+3 w+1 l7+3 1+1 34 3z\
+1a 1+i ce+2 4+9 2+b g c 2q 2i mwy+1 7h+2 2r a 37+5 ak+3 2e+1 14+2 1 1d+1 1b 2p+c g+1 3g+3 3i+1 g+1 6x g2a+1 5\
s+9 m+y 1+d 1 4 1+1 45+2 1+5 1+3 a+1 3+1 q+2 1 r 1 1+6 be+2 ik 1c bi kn 5j v 7k+8 12 34+6 1u+6 2h+3 x6+6 31+1 \
1+3 3i+3 1c+1 27+4 3 d 1+2 2g+5 2z f0 6y+m 2x+2 6w+2 2lt+4 dtl+1 3p 1t+4 8 g2i 5wn+4
set cjk a9s+533 1s+g73 hkw+e7 1fk0+wyn w+3dr 74+49b 85s+f3
set nonspacing lc+1r 2 2+16 7n+4 7d+18 1 1+1 1+1 1 20+a 1c+k g 2t+6 2+5 2+1 1+3 z u+q 2j+a 1m+8 y+3 1+8 1+2 1+\
4 17+2 3r+v 1j 1 4+7 4 3+6 a+1 t 1m 4+3 8 k+1 t+1 1l 4+1 4+1 2+2 3 u+1 3 b+1 1l 4+4 1+1 4 k+1 t 1m 2 1+3 8 8 b\
+1 u 1p c 1e 1p+2 5+1 2+3 7+1 b+1 t 1m 2 6 5+1 k+1 t 1r+3 8 k+1 2u 7+2 1 2i 2+6 c+7 2q 2+5 1+1 b+5 22+1 r 1 1 \
1j+1 1 2 1+5 1 1+2 1+1 5+5 1+3 1+3 1+3 1+3 1+3 1+b 1+2 9 2u+3 1+5 1+1 2+1 p+1 4+2 g+3 d 2+1 6 f jj+2 qa+2 t+2 \
t+1 u+1 1s+1 1+6 8 2+a 9 19+2 4b 3a+2 4+1 9 6+2 63+1 2 1m 1+6 1 1 2+7 6+9 2 1c+d 1u+3 1c 1+4 1 5 14+8 c+1 w+3 \
2+1 1+2 1k 1+1 3 1+2 1m+7 2+1 48+2 1+c 1+6 4 6 3+1 5i+1h 6+3 k0+c 4 3+b 2da+2 3x 2o+v fe+3 2z+1 n9w 4+9 w+1 28\
+1 7k 3 4 p+1 4d r+h 1g+7 p+a 1a+2 1c 2+3 2 14 1v+5 2+1 2+1 c 8 1b 1f 1+2 2+1 5+1 1 16+1 8 6m 2 4 fn4 kh+f g+f\
 r1 6a 45+4 1ae+2 1+1 5+3 14+2 4 4l+1 10a 1i+e 1k+2 1d+3 2+1 1x+2 10+4 1 2+4 1q c+1 1g+8 b+2 2q+2 2 1+1 4n 3+7\
 l+1 1m 3 11+6 3+4 8u+5 1 4+1 1+1 6m+3 6+1 1+1 r+1 2d+7 2 1+1 2y 1 2+5 1 2t+2 2+3 1+4 gjo+4 1n+6 uw+3 f7u+1 43\
s+2 h+7 2+6 u+3 44+2 1iz+1i 4+1d 8 e m+4 1+e 2sg+6 gzl5+6n
set mark lc+33 7n+6 7b+18 1 1+1 1+1 1 20+a 1c+k g 2t+6 2+5 2+1 1+3 z u+q 2j+a 1m+8 y+3 1+8 1+2 1+4 17+2 3c+d 1\
+w 1i+2 1+h 1+6 a+1 t+2 1k 1+6 2+1 2+2 9 a+1 t+2 1k 1+4 4+1 2+2 3 u+1 3 b+2 1k 1+7 1+2 1+2 k+1 t+2 1k 1+6 2+1 \
2+2 8+1 a+1 u 1n+4 3+2 1+3 9 14+3 1m+6 1+2 1+3 7+1 b+1 t+2 1k 1+6 1+2 1+3 7+1 b+1 t+2 1m+6 1+2 1+3 9 a+1 u+1 1\
y 4+5 1 1+7 i+1 1p 2+6 c+7 2q 2+5 1+1 b+5 22+1 r 1 1 4+1 1d+j 1+1 5+a 1+z 9 2s+j n+3 4+2 1+2 2+6 3+3 d+b 1 a+3\
 jj+2 qa+2 t+2 t+1 u+1 1s+v 9 19+2 3b+1 y 3a+b 4+b 63+4 1l+9 1+s 2 1c+e 1t+4 1b+g 12+8 c+2 u+c 1k+d 1c+j 48+2 \
1+k 4 4+2 3+1 5i+1h 5+4 k0+w 2da+2 3x 2o+v fe+5 2x+1 n9w+3 1+9 w+1 28+1 7k 3 4 n+4 2g+1 1e+h q+h 1g+7 p+c 18+3\
 1b+d 10 1v+d c 8+1 19+2 1e 1+2 2+1 5+1 1 15+4 5+1 6k+7 1+1 fn4 kh+f g+f r1 6a 45+4 1ae+2 1+1 5+3 14+2 4 4l+1 \
109+2 1h+e 1k+3 19+a 1x+2 10+d 1q c+2 1c+d 9+2 2n+b 6 4g+b l+3 1k 1+6 2+1 2+2 9 a+1 2+6 3+4 5c+h 2x+j 6j+6 2+8\
 r+1 2a+g 2y+c 2t+e zn+7 1+7 2a+l 1+d fg9+4 1n+6 t6+19 g+3 f7u+1 43q+4 3+5 8+7 2+6 u+3 44+2 1iz+1i 4+1d 8 e m+\
4 1+e 11s+6 1+g 2+6 1+1 1+4 1ph+6 31+6 gzhx+6n
set letter 1t+p 6+p 1b a 4 5+m 1+u 1+cp 4+b e+4 7 1 3l+4 1+1 2+3 1 6 1+2 1 1+j 1+2a 1+3u 8+4l 1+11 2 6+14 1z+q\
 4+3 19+16 z+1 1+2q 1 f+1 7+1 a+2 2 g 1+t t+2g b o+w 9+1 4 5+l 4 9 3 n+o 7+a 5+n 1+5 h+15 1m+1h 3 i 7+9 f+f 4+\
7 2+1 2+l 1+6 1 3+3 3 g d+1 1+2 e+1 a 8+5 4+1 2+l 1+6 1+1 1+1 1+1 v+3 1 j+2 g+8 1+2 1+l 1+6 1+1 1+4 3 i f+1 n \
b+7 2+1 2+l 1+6 1+1 1+4 3 u+1 1+2 f h 1+5 3+2 1+3 3+1 1 1+1 3+1 3+2 3+b m 1g+7 1+2 1+m 1+f 3 q+2 2 2+1 u 4+7 1\
+2 1+m 1+9 1+4 3 v+1 1+1 f+1 h+8 1+2 1+14 2 g 5+2 8+2 o+5 5+h 3+n 1+8 1 2+6 1m+1b 1+1 c+6 1m+1 1 1+4 1+n 1 1+9\
 1+1 9 2+4 1 l+3 w 1r+7 1+z r+4 37+16 k g+5 4+3 3 3+1 7+2 4+c c h+11 1 5 2+16 1+98 1+3 2+6 1 1+3 2+14 1+3 2+w \
1+3 2+6 1 1+3 2+e 1+1k 1+3 2+1u 11+f g+2d 2+5 3+h7 2+g 1+p 5+22 6+7 7+h d+i e+h e+c 1+2 f+1f z 4 1v+2g 7+4 2+x\
 1 5+1x a+u 1d+t 2+4 b+17 4+p 1i+m 9+1g 2a 2l+1a h+7 1i+t d+1 a+17 q+z 15+2 a+z 2+a 5+16 2+2 15+3 1+5 1+1 3 5+\
5b 1s+7p 2+5 2+11 2+5 2+7 1 1 1 1+u 2+1g 1+6 1 3+2 1+6 3+3 2+5 4+c 5+2 1+6 38 d g+c 2t 4 2+9 1 3+4 6 1 1 1+3 1\
+a 2+3 5+4 4 1g+1 22j+6c 6+3 3+1 c+11 1 5 2+1j 7 g+m 9+6 1+6 1+6 1+6 1+6 1+6 1+6 1+6 28 d1+1 16+4 5+1 4+2d 6+2\
 1+2h 1+3 5+16 1+2l h+v 1c+f e8+533 1s+h3g 1v+19 2+7g 3+f a+1 k+1a g+u 2+1x 1d+8 2+2u 2+1u 2+1 1 1+7 l+f 1+2 1\
+3 1+m t+1f e+1d 1q+5 3 1+1 b+r a+m p+s 7+1a s g+4 1+9 a+4 1+14 n+2 1+7 k+m 3 3+1d 1 3+1 2+4 2 1 o+2 2+a 7+2 c\
+5 2+5 2+5 9+6 1+6 1+16 1+d 6+36 t+8mb c+m 4+1c 6is+a5 2+2x 12+6 c+4 5 1+9 1+c 1+4 1 1+1 1+1 1+2z x+a2 i+1r 2+\
1h 14+b 38+4 1+3q 10+p 6+p b+2g 3+5 2+5 2+5 2+2 z+b 1+p 1+i 1+1 1+e 2+d y+3e at+s 3+1c 1b+v d+j 1+7 6+11 a+t 2\
+z 4+7 1c+4d i+z 4+z 4+13 8+1f c+a 1+e 1+6 1+1 1+a 1+e 1+6 1+1 3+1f c+8m 9+l a+7 o+5 1+15 1+8 1x+5 2 1+17 1+1 \
3 2+m a+m 9+u 1t+i 1+1 a+l a+p 1y+1j 6+1 1s f+3 1+2 1+s 16+s 3+s z+7 1+r r+1h a+l a+i d+h 32+20 1j+1e d+1e d+z\
 12+r 9+m 6y+15 6+1 g+2 1n+s a 8+l 16+h 1a+k r+m c+1g 1l+1 2 d+18 w+o q+z t 2 8+y 3 c+1b e+3 l 1 z+h 1+o j+1 1\
r+6 1 1+3 1+e 1+9 7+1a 12+7 2+1 2+l 1+6 1+1 1+4 3 i c+4 u+9 1 2 1+11 1 p 1 18+1g i+3 k+2 u+1b k+1 1 54+1a 15+3\
 10+1b k 1n+16 d 1z+q 11+6 55+17 38+1r v+7 2 2+7 1+1 1+n f 1 2m+7 2+12 g 1 s a+13 7 l b+19 j i+20 5j+w v+8 1+1\
0 h 1d+t 34+6 1+1 1+11 l p+5 1+1 1+v e 93+i f 1+c 1+x 3g 27+pl 6e+5f 218+2o f+tr h+5 p+32y 5+g6 5a1+t 1cy+fs 7\
+u h+26 h+t i+1b g+3 v+k 5+i c0+18 5v+1r 3k+22 5 1u+c 1s+1 1 s+4qf 8+yd 15+9 6w7+3 1+6 1+1 1+82 f t+2 2 e+3 8+\
az 1s4+2y 5+c 3+8 7+9 4me+2c 1+1y 1+1 2 2+1 2+3 1+b 1 1+6 1+1s 1+3 2+7 1+6 1+r 1+3 1+4 1 3+6 1+9f 2+o 1+o 1+u \
1+o 1+u 1+o 1+u 1+o 1+u 1+o 1+7 1f8+u 6+5 79+1p 42+18 a+6 g 8x+t i+17 dg+r 6c+t 2 dr+6 1+3 1+1 1+e 1+5g 1n+1v \
7 xg+3 1+q 1+1 1 2 1+9 1+3 1 1 6 4 1 1 1+2 1+1 1 2 1 1 1 1 1+1 1 2+3 1+6 1+3 1+3 1 1+9 1+g 5+2 1+4 1+g 3es+wyn\
 w+37d 6+65 2+4g1 e+5rk f+h9 1wi+f1 15u+3t6 5+38f
set number 1c+9 3c+1 5 2+2 141+9 3q+9 5i+9 bg+9 3a+9 4+5 30+9 3a+9 3a+9 2+5 32+c 37+9 8+6 2v+9 2w+6 7+i 31+9 2\
o+9 3a+9 1y+j 7g+9 1y+9 jz+j oh+2 6n+9 6+9 m+9 8c+9 3k+a 4l+9 6+9 52+9 2e+9 3q+9 6+9 t2 3+5 6+9 5i+1e 2+4 k6+1\
n 26+l hi+t 12h ll p+8 e+2 9j+3 3u+9 u+7 1+e w+9 13+e msg+9 58+9 8w+5 4a+9 12+9 5i+9 m+9 2e+9 ba+9 geu+9 dp+18\
 c+1k h+1 9h+q 10+3 t 8 3q+4 5m+9 q6+7 p+6 13+8 23+4 m+5 4g+1 2+f 2+19 1s+8 1g+1 u+2 23+4 2w+7 o+7 15+6 96+5 1\
c+9 6+9 7q+u 4e+9 16+3 34+6 3q+t 3k+9 1o+9 40+9 7+j 6z+9 9i+9 3a+9 ae+9 2u+9 6+j 24+b bo+i 2l+9 ie+9 2e+s 6b+9\
 1y+9 bq+9 2u+k tn+32 c01+9 1t2+9 2e+9 3q+9 1+6 em+9 7a+m imx+9 152+j c+j 30+o ut+1d 1ts+9 bq+9 dy+9 6v+9 jw+8\
 3k+9 lz+1m 1+2 1+3 24+18 1+e qq+c 25f+9
set regex_space 9+4 i 2s q 4bj 1vj+a t+1 5 1b 334
set word 1c+9 7+p 4 1+p 1b a 4 5+m 1+u 1+cp 4+b e+4 7 1 h+38 1+1 2+3 1 6 1+2 1 1+j 1+2a 1+3u 1+4s 1+11 2 6+14 \
8+18 1 1+1 1+1 1 8+q 4+3 t+a 5+21 4+2t 1+7 2+9 1+i 2 g+1m 2+2s e+1h 4 2 2+19 i+r 4+a 5+n 1+5 8+22 1+3k 2+9 1+i\
 1+7 2+1 2+l 1+6 1 3+3 2+8 2+1 2+3 8 4+1 1+4 2+b a 1 2+2 1+5 4+1 2+l 1+6 1+1 1+1 1+1 2 1+4 4+1 2+2 3 7+3 1 7+f\
 b+2 1+8 1+2 1+l 1+6 1+1 1+4 2+9 1+2 1+2 2 f+3 2+9 9+6 1+2 1+7 2+1 2+l 1+6 1+1 1+4 2+8 2+1 2+2 7+2 4+1 1+4 2+9\
 1 g+1 1+5 3+2 1+3 3+1 1 1+1 3+1 3+2 3+b 4+4 3+2 1+3 2 6 e+9 g+c 1+2 1+m 1+f 2+8 1+2 1+3 7+1 1+2 2 2+3 2+9 g+3\
 1+7 1+2 1+m 1+9 1+4 2+8 1+2 1+3 7+1 6+1 1+3 2+9 1+2 c+c 1+2 1+1e 1+2 1+4 5+3 7+4 2+9 a+5 1+2 1+h 3+n 1+8 1 2+\
6 3 4+5 1 1+7 6+9 2+1 d+1l 5+e 1+9 13+1 1 1+4 1+n 1 1+m 2+4 1 1+6 1+9 2+3 w n+1 6+9 b 1 1 4+9 1+z 4+j 1+h 1+z \
9 1l+21 6+25 2+11 1 5 2+16 1+98 1+3 2+6 1 1+3 2+14 1+3 2+w 1+3 2+6 1 1+3 2+e 1+1k 1+3 2+1u 2+2 w+f g+2d 2+5 3+\
h7 2+g 1+p 5+22 3+a 7+l 9+l b+j c+c 1+2 1+1 c+2b 3 4+1 2+9 x+2 1+a 6+2g 7+16 5+1x a+u 1+b 4+b a+13 2+4 b+17 4+\
p 6+9 12+r 4+1q 1+s 2+a 6+9 d 8+u 1d+24 3+9 h+8 c+37 c+1j 8+9 3+1c 2+a 5+16 2+2 g+2 1+12 5+et 2+5 2+11 2+5 2+7\
 1 1 1 1+u 2+1g 1+6 1 3+2 1+6 3+3 2+5 4+c 5+2 1+6 f+1 1d+1 j s d g+c 1f+w h 4 2+9 1 3+4 6 1 1 1+3 1+a 2+3 5+4 \
4 h+14 ml+1f 1ee+6c 6+8 c+11 1 5 2+1j 7 f+n 9+6 1+6 1+6 1+6 1+6 1+6 1+6 1+6 1+v 1b d1+2 p+e 1+4 2+4 4+2d 2+1 2\
+2 1+2h 1+3 5+16 1+2l h+v 1c+f e8+533 1s+h3g 1v+19 2+7g 3+r k+1e 1+9 1+36 11+8 2+2u 2+1u 2+1 1 1+7 l+1h 4 j+1f\
 c+1x a+9 6+n 3 1+1c 2+z c+s 3+1s e+a 6+u 1+1i 9+d 2+9 6+m 3+20 o+2 2+f 2+4 a+5 2+5 2+5 9+6 1+6 1+16 1+d 6+3e \
1+1 2+9 6+8mb c+m 4+1c 6is+a5 2+2x 12+6 c+4 5+b 1+c 1+4 1 1+1 1+1 1+2z x+a2 i+1r 2+1h 14+b 4+f g+f 3+1 o+2 w+4\
 1+3q j+9 7+p 4 1+p b+2g 3+5 2+5 2+5 2+2 z+b 1+p 1+i 1+1 1+e 2+d y+3e 1x+1g 3s 3m+s 3+1c f v+v d+t 5+16 5+t 2+\
z 4+7 1+4 16+4d 2+9 6+z 4+z 4+13 8+1f c+a 1+e 1+6 1+1 1+a 1+e 1+6 1+1 3+1f c+8m 9+l a+7 o+5 1+15 1+8 1x+5 2 1+\
17 1+1 3 2+m a+m 9+u 1t+i 1+1 a+l a+p 1y+1j 6+1 1s+3 1+1 5+7 1+2 1+s 2+2 4 w+s 3+s z+7 1+t p+1h a+l a+i d+h 32\
+20 1j+1e d+1e d+13 8+9 6+11 3+4 1+m 6y+15 1+1 3+1 g+2 1j+w a 8+w v+l 16+k r+m 9+1y v+f 9+1n 7 d+o 7+9 6+1g 1+\
9 4+3 8+z 2 9+1w 4+3 1+c 1 z+h 1+10 6+3 1q+6 1 1+3 1+e 1+9 7+1m 5+9 6+3 1+7 2+1 2+l 1+6 1+1 1+4 1+9 2+1 2+2 2 \
6 5+6 2+6 3+4 b+9 1 2 1+11 1+9 1 2 1+3 1+7 d+1 t+22 5+9 4+3 u+1x 1 8+9 4m+1h 2+8 n+5 y+1s 3 b+9 12+1k 7+9 6+j \
s+q 2+e 4+9 6+6 55+1m 2t+21 l+7 2 2+7 1+1 1+t 1+1 2+8 c+9 1y+7 2+19 2+7 1+1 r+1q 8 8+21 3 i+20 5j+w f+9 6+8 1+\
18 1+8 f+9 o+t 2+l 1+d 21+6 1+1 1+17 3 1+1 1+8 8+9 6+5 1+1 1+10 1+1 1+5 7+9 8m+m 9+g 1+14 3+4 d+a 2d 27+pl 2u+\
32 h+5f 218+2o f+tr g+l a+32y 5+g6 5a1+1l 1c6+fs 7+u 1+9 6+26 1+9 6+t 2+4 b+1i 9+3 c+9 9+k 5+i c0+18 3+9 5i+1r\
 3k+22 4+1k 7+g 1s+1 1+1 b+1 e+4qf 8+yd 15+9 6w7+3 1+6 1+1 1+82 f t+2 2 e+3 8+az 1s4+2y 5+c 3+8 7+9 3+1 381+9 \
ee+19 2+m f2+4 3+5 8+7 2+6 u+3 44+2 cb+2c 1+1y 1+1 2 2+1 2+3 1+b 1 1+6 1+1s 1+3 2+7 1+6 1+r 1+3 1+4 1 3+6 1+9f\
 2+o 1+o 1+u 1+o 1+u 1+o 1+u 1+o 1+u 1+o 1+7 2+1d e8+1i 4+1d 8 e m+4 1+e uo+u 6+5 5x+6 1+g 2+6 1+1 1+4 5+1p x \
34+18 3+d 2+9 4 8x+u h+1l d2+15 5y+16 dh+6 1+3 1+1 1+e 1+5g b+6 15+23 4+9 x2+3 1+q 1+1 1 2 1+9 1+3 1 1 6 4 1 1\
 1+2 1+1 1 2 1 1 1 1 1+1 1 2+3 1+6 1+3 1+3 1 1+9 1+g 5+2 1+4 1+g hg+p 6+p 6+p 21y+9 sm+wyn w+37d 6+65 2+4g1 e+\
5rk f+h9 1wi+f1 15u+3t6 5+38f f9e8+6n
set added_word 1c+9 7+p 4 1+p 1b a 4 5+m 1+u 1+cp 4+b e+4 7 1 h+38 1+1 2+3 1 6 1+2 1 1+j 1+2a 1+3u 1+4s 1+11 2\
 6+14 8+18 1 1+1 1+1 1 8+q 4+3 t+a 5+21 4+2t 1+7 2+9 1+i 2 g+1m 2+2s e+1h 4 2 2+19 i+r 4+a 5+n 1+5 8+22 1+3k 2\
+9 1+i 1+7 2+1 2+l 1+6 1 3+3 2+8 2+1 2+3 8 4+1 1+4 2+b a 1 2+2 1+5 4+1 2+l 1+6 1+1 1+1 1+1 2 1+4 4+1 2+2 3 7+3\
 1 7+f b+2 1+8 1+2 1+l 1+6 1+1 1+4 2+9 1+2 1+2 2 f+3 2+9 9+6 1+2 1+7 2+1 2+l 1+6 1+1 1+4 2+8 2+1 2+2 7+2 4+1 1\
+4 2+9 1 g+1 1+5 3+2 1+3 3+1 1 1+1 3+1 3+2 3+b 4+4 3+2 1+3 2 6 e+9 g+c 1+2 1+m 1+f 2+8 1+2 1+3 7+1 1+2 2 2+3 2\
+9 g+3 1+7 1+2 1+m 1+9 1+4 2+8 1+2 1+3 7+1 6+1 1+3 2+9 1+2 c+c 1+2 1+1e 1+2 1+4 5+3 7+4 2+9 a+5 1+2 1+h 3+n 1+\
8 1 2+6 3 4+5 1 1+7 6+9 2+1 d+1l 5+e 1+9 13+1 1 1+4 1+n 1 1+m 2+4 1 1+6 1+9 2+3 w n+1 6+9 b 1 1 4+9 1+z 4+j 1+\
h 1+z 9 1l+21 6+25 2+11 1 5 2+16 1+98 1+3 2+6 1 1+3 2+14 1+3 2+w 1+3 2+6 1 1+3 2+e 1+1k 1+3 2+1u 2+2 w+f g+2d \
2+5 3+h7 2+g 1+p 5+22 3+a 7+l 9+l b+j c+c 1+2 1+1 c+2b 3 4+1 2+9 x+2 1+a 6+2g 7+16 5+1x a+u 1+b 4+b a+13 2+4 b\
+17 4+p 6+9 12+r 4+1q 1+s 2+a 6+9 d 8+u 1d+24 3+9 h+8 c+37 c+1j 8+9 3+1c 2+a 5+16 2+2 g+2 1+12 5+et 2+5 2+11 2\
+5 2+7 1 1 1 1+u 2+1g 1+6 1 3+2 1+6 3+3 2+5 4+c 5+2 1+6 f+1 1d+1 j s d g+c 1f+w h 4 2+9 1 3+4 6 1 1 1+3 1+a 2+\
3 5+4 4 h+14 ml+1f 1ee+6c 6+8 c+11 1 5 2+1j 7 f+n 9+6 1+6 1+6 1+6 1+6 1+6 1+6 1+6 1+v 1b d1+2 p+e 1+4 2+4 4+2d\
 2+1 2+2 1+2h 1+3 5+16 1+2l h+v 1c+f e8+533 1s+h3g 1v+19 2+7g 3+r k+1e 1+9 1+36 11+8 2+2u 2+1u 2+1 1 1+7 l+1h \
4 j+1f c+1x a+9 6+n 3 1+1c 2+z c+s 3+1s e+a 6+u 1+1i 9+d 2+9 6+m 3+20 o+2 2+f 2+4 a+5 2+5 2+5 9+6 1+6 1+16 1+d\
 6+3e 1+1 2+9 6+8mb c+m 4+1c 6is+a5 2+2x 12+6 c+4 5+b 1+c 1+4 1 1+1 1+1 1+2z x+a2 i+1r 2+1h 14+b 4+f g+f 3+1 o\
+2 w+4 1+3q j+9 7+p 4 1+p b+2g 3+5 2+5 2+5 2+2 z+b 1+p 1+i 1+1 1+e 2+d y+3e 1x+1g 3s 3m+s 3+1c f v+v d+t 5+16 \
5+t 2+z 4+7 1+4 16+4d 2+9 6+z 4+z 4+13 8+1f c+a 1+e 1+6 1+1 1+a 1+e 1+6 1+1 3+1f c+8m 9+l a+7 o+5 1+15 1+8 1x+\
5 2 1+17 1+1 3 2+m a+m 9+u 1t+i 1+1 a+l a+p 1y+1j 6+1 1s+3 1+1 5+7 1+2 1+s 2+2 4 w+s 3+s z+7 1+t p+1h a+l a+i \
d+h 32+20 1j+1e d+1e d+13 8+9 6+11 3+4 1+m 6y+15 1+1 3+1 g+2 1j+w a 8+w v+l 16+k r+m 9+1y v+f 9+1n 7 d+o 7+9 6\
+1g 1+9 4+3 8+z 2 9+1w 4+3 1+c 1 z+h 1+10 6+3 1q+6 1 1+3 1+e 1+9 7+1m 5+9 6+3 1+7 2+1 2+l 1+6 1+1 1+4 1+9 2+1 \
2+2 2 6 5+6 2+6 3+4 b+9 1 2 1+11 1+9 1 2 1+3 1+7 d+1 t+22 5+9 4+3 u+1x 1 8+9 4m+1h 2+8 n+5 y+1s 3 b+9 12+1k 7+\
9 6+j s+q 2+e 4+9 6+6 55+1m 2t+21 l+7 2 2+7 1+1 1+t 1+1 2+8 c+9 1y+7 2+19 2+7 1+1 r+1q 8 8+21 3 i+20 5j+w f+9 \
6+8 1+18 1+8 f+9 o+t 2+l 1+d 21+6 1+1 1+17 3 1+1 1+8 8+9 6+5 1+1 1+10 1+1 1+5 7+9 8m+m 9+g 1+14 3+4 d+a 2d 27+\
pl 2u+32 h+5f 218+2o f+tr g+l a+32y 5+g6 5a1+1l 1c6+fs 7+u 1+9 6+26 1+9 6+t 2+4 b+1i 9+3 c+9 9+k 5+i c0+18 3+9\
 5i+1r 3k+22 4+1k 7+g 1s+1 1+1 b+1 e+4qf 8+yd 15+9 6w7+3 1+6 1+1 1+82 f t+2 2 e+3 8+az 1s4+2y 5+c 3+8 7+9 3+1 \
381+9 ee+19 2+m f2+4 3+5 8+7 2+6 u+3 44+2 cb+2c 1+1y 1+1 2 2+1 2+3 1+b 1 1+6 1+1s 1+3 2+7 1+6 1+r 1+3 1+4 1 3+\
6 1+9f 2+o 1+o 1+u 1+o 1+u 1+o 1+u 1+o 1+u 1+o 1+7 2+1d e8+1i 4+1d 8 e m+4 1+e uo+u 6+5 5x+6 1+g 2+6 1+1 1+4 5\
+1p x 34+18 3+d 2+9 4 8x+u h+1l d2+15 5y+16 dh+6 1+3 1+1 1+e 1+5g b+6 15+23 4+9 x2+3 1+q 1+1 1 2 1+9 1+3 1 1 6\
 4 1 1 1+2 1+1 1 2 1 1 1 1 1+1 1 2+3 1+6 1+3 1+3 1 1+9 1+g 5+2 1+4 1+g hg+p 6+p 6+p 21y+9 sm+wyn w+37d 6+65 2+\
4g1 e+5rk f+h9 1wi+f1 15u+3t6 5+38f f9e8+6n
set numeric 1c+9 3c+1 5 2+2 141+9 3q+9 5i+9 bg+9 3a+9 4+5 30+9 3a+9 3a+9 2+5 32+c 37+9 8+6 2v+9 2w+6 7+i 31+9 \
2o+9 3a+9 1y+j 7g+9 1y+9 jz+j oh+2 6n+9 6+9 m+9 8c+9 3k+a 4l+9 6+9 52+9 2e+9 3q+9 6+9 t2 3+5 6+9 5i+1e 2+4 k6+\
1n 26+l hi+t 12h ll p+8 e+2 9j+3 3u+9 u+7 1+e w+9 13+e msg+9 58+9 8w+5 4a+9 12+9 5i+9 m+9 2e+9 ba+9 geu+9 dp+1\
8 c+1k h+1 9h+q 10+3 t 8 3q+4 5m+9 q6+7 p+6 13+8 23+4 m+5 4g+1 2+f 2+19 1s+8 1g+1 u+2 23+4 2w+7 o+7 15+6 96+5 \
1c+9 6+9 7q+u 4e+9 16+3 34+6 3q+t 3k+9 1o+9 40+9 7+j 6z+9 9i+9 3a+9 ae+9 2u+9 6+j 24+b bo+i 2l+9 ie+9 2e+s 6b+\
9 1y+9 1i+9 9y+9 2u+k tn+32 c01+9 1t2+9 2e+9 3q+9 1+6 em+9 7a+m 9p+2 id5+9 152+j c+j 30+o ut+1d 1ts+9 bq+9 dy+\
9 6v+9 jw+8 3k+9 lz+1m 1+2 1+3 24+18 1+e qq+c 25f+9
set nmt_remove 1+7 2 2+h 2n f f
set nmt_space 9+1 1+1 4fm 1vu+4 o+1 11z 16yl 71
map lower 1t:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38\
 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 2t:68 0:69 0:6a 0:6b 0:6c 0:6d 0:6e 0:6f 0:6g 0:6h 0:6i 0:6j 0:6k 0:6l 0:6m 0:6\
n 0:6o 0:6p 0:6q 0:6r 0:6s 0:6t 0:6u 1:6w 0:6x 0:6y 0:6z 0:70 0:71 0:72 x:75 1:77 1:79 1:7b 1:7d 1:7f 1:7h 1:7\
j 1:7l 1:7n 1:7p 1:7r 1:7t 1:7v 1:7x 1:7z 1:81 1:83 1:85 1:87 1:89 1:8b 1:8d 1:8f 1:2x,lj 1:8j 1:8l 1:8n 2:8q \
1:8s 1:8u 1:8w 1:8y 1:90 1:92 1:94 2:97 1:99 1:9b 1:9d 1:9f 1:9h 1:9j 1:9l 1:9n 1:9p 1:9r 1:9t 1:9v 1:9x 1:9z \
1:a1 1:a3 1:a5 1:a7 1:a9 1:ab 1:ad 1:af 1:73 0:ai 1:ak 1:am 3:gj 0:ar 1:at 1:gk 0:aw 1:gm 0:gn 0:b0 2:d9 0:gp \
0:gr 0:b6 1:gw 0:gz 1:h5 0:h4 0:bd 3:hb 0:he 1:hh 0:bl 1:bn 1:bp 1:hs 0:bs 1:hv 2:bx 1:i0 0:c0 1:i2 0:i3 0:c4 \
1:c6 1:ia 0:c9 3:cd 7:cm 0:cm 1:cp 0:cp 1:cs 0:cs 1:cu 1:cw 1:cy 1:d0 1:d2 1:d4 1:d6 1:d8 2:db 1:dd 1:df 1:dh \
1:dj 1:dl 1:dn 1:dp 1:dr 2:dv 0:dv 1:dx 1:b9 0:cf 0:e1 1:e3 1:e5 1:e7 1:e9 1:eb 1:ed 1:ef 1:eh 1:ej 1:el 1:en \
1:ep 1:er 1:et 1:ev 1:ex 1:ez 1:f1 1:f3 1:bi 1:f7 1:f9 1:fb 1:fd 1:ff 1:fh 1:fj 1:fl 1:fn 7:8rp 0:fw 1:be 0:8r\
q 2:g2 1:ao 0:i1 0:i4 0:g7 1:g9 1:gb 1:gd 1:gf 81:oh 1:oj 3:on 8:s3 6:q4 1:q5 0:q6 0:q7 1:r0 1:r1 0:r2 1:q9 0:\
qa 0:qb 0:qc 0:qd 0:qe 0:qf 0:qg 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:qn 0:qo 0:qp 1:qr 0:qs 0:qt 0:qu 0:qv 0:qw 0:\
qx 0:qy 0:qz z:rb 8:rd 1:rf 1:rh 1:rj 1:rl 1:rn 1:rp 1:rr 1:rt 1:rv 1:rx 1:rz 5:qg 2:s8 1:s2 0:sb 2:or 0:os 0:\
ot 0:uo 0:up 0:uq 0:ur 0:us 0:ut 0:uu 0:uv 0:uw 0:ux 0:uy 0:uz 0:v0 0:v1 0:v2 0:v3 0:ts 0:tt 0:tu 0:tv 0:tw 0:\
tx 0:ty 0:tz 0:u0 0:u1 0:u2 0:u3 0:u4 0:u5 0:u6 0:u7 0:u8 0:u9 0:ua 0:ub 0:uc 0:ud 0:ue 0:uf 0:ug 0:uh 0:ui 0:\
uj 0:uk 0:ul 0:um 0:un 1c:v5 1:v7 1:v9 1:vb 1:vd 1:vf 1:vh 1:vj 1:vl 1:vn 1:vp 1:vr 1:vt 1:vv 1:vx 1:vz 1:w1 9\
:wb 1:wd 1:wf 1:wh 1:wj 1:wl 1:wn 1:wp 1:wr 1:wt 1:wv 1:wx 1:wz 1:x1 1:x3 1:x5 1:x7 1:x9 1:xb 1:xd 1:xf 1:xh 1\
:xj 1:xl 1:xn 1:xp 1:xr 1:y7 0:xu 1:xw 1:xy 1:y0 1:y2 1:y4 1:y6 2:y9 1:yb 1:yd 1:yf 1:yh 1:yj 1:yl 1:yn 1:yp 1\
:yr 1:yt 1:yv 1:yx 1:yz 1:z1 1:z3 1:z5 1:z7 1:z9 1:zb 1:zd 1:zf 1:zh 1:zj 1:zl 1:zn 1:zp 1:zr 1:zt 1:zv 1:zx 1\
:zz 1:101 1:103 1:105 1:107 1:109 1:10b 1:10d 1:10f 1:10h 1:10j 1:10l 1:10n 1:10p 1:10r 1:10t 1:10v 2:129 0:12\
a 0:12b 0:12c 0:12d 0:12e 0:12f 0:12g 0:12h 0:12i 0:12j 0:12k 0:12l 0:12m 0:12n 0:12o 0:12p 0:12q 0:12r 0:12s \
0:12t 0:12u 0:12v 0:12w 0:12x 0:12y 0:12z 0:130 0:131 0:132 0:133 0:134 0:135 0:136 0:137 0:138 0:139 0:13a 28\
9:8w0 0:8w1 0:8w2 0:8w3 0:8w4 0:8w5 0:8w6 0:8w7 0:8w8 0:8w9 0:8wa 0:8wb 0:8wc 0:8wd 0:8we 0:8wf 0:8wg 0:8wh 0:\
8wi 0:8wj 0:8wk 0:8wl 0:8wm 0:8wn 0:8wo 0:8wp 0:8wq 0:8wr 0:8ws 0:8wt 0:8wu 0:8wv 0:8ww 0:8wx 0:8wy 0:8wz 0:8x\
0 0:8x1 1:8x3 5:8x9 k2:xv4 0:xv5 0:xv6 0:xv7 0:xv8 0:xv9 0:xva 0:xvb 0:xvc 0:xvd 0:xve 0:xvf 0:xvg 0:xvh 0:xvi\
 0:xvj 0:xvk 0:xvl 0:xvm 0:xvn 0:xvo 0:xvp 0:xvq 0:xvr 0:xvs 0:xvt 0:xvu 0:xvv 0:xvw 0:xvx 0:xvy 0:xvz 0:xw0 0\
:xw1 0:xw2 0:xw3 0:xw4 0:xw5 0:xw6 0:xw7 0:xw8 0:xw9 0:xwa 0:xwb 0:xwc 0:xwd 0:xwe 0:xwf 0:xwg 0:xwh 0:xwi 0:x\
wj 0:xwk 0:xwl 0:xwm 0:xwn 0:xwo 0:xwp 0:xwq 0:xwr 0:xws 0:xwt 0:xwu 0:xwv 0:xww 0:xwx 0:xwy 0:xwz 0:xx0 0:xx1\
 0:xx2 0:xx3 0:xx4 0:xx5 0:xx6 0:xx7 0:xx8 0:xx9 0:xxa 0:xxb 0:3y0 0:3y1 0:3y2 0:3y3 0:3y4 0:3y5 1oz:5my 6:3bk\
 0:3bl 0:3bm 0:3bn 0:3bo 0:3bp 0:3bq 0:3br 0:3bs 0:3bt 0:3bu 0:3bv 0:3bw 0:3bx 0:3by 0:3bz 0:3c0 0:3c1 0:3c2 0\
:3c3 0:3c4 0:3c5 0:3c6 0:3c7 0:3c8 0:3c9 0:3ca 0:3cb 0:3cc 0:3cd 0:3ce 0:3cf 0:3cg 0:3ch 0:3ci 0:3cj 0:3ck 0:3\
cl 0:3cm 0:3cn 0:3co 0:3cp 0:3cq 2:3ct 0:3cu 0:3cv 8w:5xd 1:5xf 1:5xh 1:5xj 1:5xl 1:5xn 1:5xp 1:5xr 1:5xt 1:5x\
v 1:5xx 1:5xz 1:5y1 1:5y3 1:5y5 1:5y7 1:5y9 1:5yb 1:5yd 1:5yf 1:5yh 1:5yj 1:5yl 1:5yn 1:5yp 1:5yr 1:5yt 1:5yv \
1:5yx 1:5yz 1:5z1 1:5z3 1:5z5 1:5z7 1:5z9 1:5zb 1:5zd 1:5zf 1:5zh 1:5zj 1:5zl 1:5zn 1:5zp 1:5zr 1:5zt 1:5zv 1:\
5zx 1:5zz 1:601 1:603 1:605 1:607 1:609 1:60b 1:60d 1:60f 1:60h 1:60j 1:60l 1:60n 1:60p 1:60r 1:60t 1:60v 1:60\
x 1:60z 1:611 1:613 1:615 1:617 1:619 1:61b 1:61d 1:61f 1:61h 9:67 1:61t 1:61v 1:61x 1:61z 1:621 1:623 1:625 1\
:627 1:629 1:62b 1:62d 1:62f 1:62h 1:62j 1:62l 1:62n 1:62p 1:62r 1:62t 1:62v 1:62x 1:62z 1:631 1:633 1:635 1:6\
37 1:639 1:63b 1:63d 1:63f 1:63h 1:63j 1:63l 1:63n 1:63p 1:63r 1:63t 1:63v 1:63x 1:63z 1:641 1:643 1:645 1:647\
 1:649 1:64b 1:64d 1:64f 9:64g 0:64h 0:64i 0:64j 0:64k 0:64l 0:64m 0:64n 8:64w 0:64x 0:64y 0:64z 0:650 0:651 a\
:65c 0:65d 0:65e 0:65f 0:65g 0:65h 0:65i 0:65j 8:65s 0:65t 0:65u 0:65v 0:65w 0:65x 0:65y 0:65z 8:668 0:669 0:6\
6a 0:66b 0:66c 0:66d b:66p 1:66r 1:66t 1:66v 8:674 0:675 0:676 0:677 0:678 0:679 0:67a 0:67b o:680 0:681 0:682\
 0:683 0:684 0:685 0:686 0:687 8:68g 0:68h 0:68i 0:68j 0:68k 0:68l 0:68m 0:68n 8:68w 0:68x 0:68y 0:68z 0:690 0\
:691 0:692 0:693 8:69c 0:69d 0:67k 0:67l 0:69f b:67m 0:67n 0:67o 0:67p 0:69v b:6a8 0:6a9 0:67q 0:67r c:6ao 0:6\
ap 0:67u 0:67v 0:6at b:67s 0:67t 0:67w 0:67x 0:6b7 89:qx 3:2z 0:6d 6:6ku 19:6ls 0:6lt 0:6lu 0:6lv 0:6lw 0:6lx \
0:6ly 0:6lz 0:6m0 0:6m1 0:6m2 0:6m3 0:6m4 0:6m5 0:6m6 0:6m7 j:6mc mq:79s 0:79t 0:79u 0:79v 0:79w 0:79x 0:79y 0\
:79z 0:7a0 0:7a1 0:7a2 0:7a3 0:7a4 0:7a5 0:7a6 0:7a7 0:7a8 0:7a9 0:7aa 0:7ab 0:7ac 0:7ad 0:7ae 0:7af 0:7ag 0:7\
ah 1f4:8q8 0:8q9 0:8qa 0:8qb 0:8qc 0:8qd 0:8qe 0:8qf 0:8qg 0:8qh 0:8qi 0:8qj 0:8qk 0:8ql 0:8qm 0:8qn 0:8qo 0:8\
qp 0:8qq 0:8qr 0:8qs 0:8qt 0:8qu 0:8qv 0:8qw 0:8qx 0:8qy 0:8qz 0:8r0 0:8r1 0:8r2 0:8r3 0:8r4 0:8r5 0:8r6 0:8r7\
 0:8r8 0:8r9 0:8ra 0:8rb 0:8rc 0:8rd 0:8re 0:8rf 0:8rg 0:8rh 0:8ri 0:8rj 1c:8rl 1:h7 0:5tp 0:hp 2:8rs 1:8ru 1:\
8rw 1:gh 0:hd 0:gg 0:gi 1:8s3 2:8s6 8:fz 0:g0 0:8sh 1:8sj 1:8sl 1:8sn 1:8sp 1:8sr 1:8st 1:8sv 1:8sx 1:8sz 1:8t\
1 1:8t3 1:8t5 1:8t7 1:8t9 1:8tb 1:8td 1:8tf 1:8th 1:8tj 1:8tl 1:8tn 1:8tp 1:8tr 1:8tt 1:8tv 1:8tx 1:8tz 1:8u1 \
1:8u3 1:8u5 1:8u7 1:8u9 1:8ub 1:8ud 1:8uf 1:8uh 1:8uj 1:8ul 1:8un 1:8up 1:8ur 1:8ut 1:8uv 1:8ux 1:8uz 1:8v1 1:\
8v3 1:8v5 1:8v7 8:8vg 1:8vi 4:8vn nyl:wu9 1:wub 1:wud 1:wuf 1:wuh 1:wuj 1:wul 1:wun 1:wup 1:wur 1:wut 1:wuv 1:\
wux 1:wuz 1:wv1 1:wv3 1:wv5 1:wv7 1:wv9 1:wvb 1:wvd 1:wvf 1:wvh j:ww1 1:ww3 1:ww5 1:ww7 1:ww9 1:wwb 1:wwd 1:ww\
f 1:wwh 1:wwj 1:wwl 1:wwn 1:wwp 1:wwr 3r:x0j 1:x0l 1:x0n 1:x0p 1:x0r 1:x0t 1:x0v 3:x0z 1:x11 1:x13 1:x15 1:x17\
 1:x19 1:x1b 1:x1d 1:x1f 1:x1h 1:x1j 1:x1l 1:x1n 1:x1p 1:x1r 1:x1t 1:x1v 1:x1x 1:x1z 1:x21 1:x23 1:x25 1:x27 1\
:x29 1:x2b 1:x2d 1:x2f 1:x2h 1:x2j 1:x2l 1:x2n a:x2y 1:x30 1:5tl 0:x33 1:x35 1:x37 1:x39 1:x3b 4:x3g 1:h1 2:x3\
l 1:x3n 3:x3r 1:x3t 1:x3v 1:x3x 1:x3z 1:x41 1:x43 1:x45 1:x47 1:x49 1:h2 0:gs 0:gx 0:h8 0:h6 1:im 0:hz 0:il 0:\
xub 0:x4l 1:x4n 1:x4p 1:x4r 1:x4t 1:x4v 1:x4x 1:x4z 1:x3o 0:hu 0:5u6 0:x54 1:x56 1:h0 0:x59 1:x5b 1:x5d 1:x5f \
1:x5h 1:x5j 1:x5l 1:x5n 1:bf o:x6e h7v:1ef5 0:1ef6 0:1ef7 0:1ef8 0:1ef9 0:1efa 0:1efb 0:1efc 0:1efd 0:1efe 0:1\
eff 0:1efg 0:1efh 0:1efi 0:1efj 0:1efk 0:1efl 0:1efm 0:1efn 0:1efo 0:1efp 0:1efq 0:1efr 0:1efs 0:1eft 0:1efu x\
x:1fe0 0:1fe1 0:1fe2 0:1fe3 0:1fe4 0:1fe5 0:1fe6 0:1fe7 0:1fe8 0:1fe9 0:1fea 0:1feb 0:1fec 0:1fed 0:1fee 0:1fe\
f 0:1feg 0:1feh 0:1fei 0:1fej 0:1fek 0:1fel 0:1fem 0:1fen 0:1feo 0:1fep 0:1feq 0:1fer 0:1fes 0:1fet 0:1feu 0:1\
fev 0:1few 0:1fex 0:1fey 0:1fez 0:1ff0 0:1ff1 0:1ff2 0:1ff3 3s:1fiw 0:1fix 0:1fiy 0:1fiz 0:1fj0 0:1fj1 0:1fj2 \
0:1fj3 0:1fj4 0:1fj5 0:1fj6 0:1fj7 0:1fj8 0:1fj9 0:1fja 0:1fjb 0:1fjc 0:1fjd 0:1fje 0:1fjf 0:1fjg 0:1fjh 0:1fj\
i 0:1fjj 0:1fjk 0:1fjl 0:1fjm 0:1fjn 0:1fjo 0:1fjp 0:1fjq 0:1fjr 0:1fjs 0:1fjt 0:1fju 0:1fjv 4c:1fo7 0:1fo8 0:\
1fo9 0:1foa 0:1fob 0:1foc 0:1fod 0:1foe 0:1fof 0:1fog 0:1foh 1:1foj 0:1fok 0:1fol 0:1fom 0:1fon 0:1foo 0:1fop \
0:1foq 0:1for 0:1fos 0:1fot 0:1fou 0:1fov 0:1fow 0:1fox 1:1foz 0:1fp0 0:1fp1 0:1fp2 0:1fp3 0:1fp4 0:1fp5 1:1fp\
7 0:1fp8 1d6:1h34 0:1h35 0:1h36 0:1h37 0:1h38 0:1h39 0:1h3a 0:1h3b 0:1h3c 0:1h3d 0:1h3e 0:1h3f 0:1h3g 0:1h3h 0\
:1h3i 0:1h3j 0:1h3k 0:1h3l 0:1h3m 0:1h3n 0:1h3o 0:1h3p 0:1h3q 0:1h3r 0:1h3s 0:1h3t 0:1h3u 0:1h3v 0:1h3w 0:1h3x\
 0:1h3y 0:1h3z 0:1h40 0:1h41 0:1h42 0:1h43 0:1h44 0:1h45 0:1h46 0:1h47 0:1h48 0:1h49 0:1h4a 0:1h4b 0:1h4c 0:1h\
4d 0:1h4e 0:1h4f 0:1h4g 0:1h4h 0:1h4i 4d:1h80 0:1h81 0:1h82 0:1h83 0:1h84 0:1h85 0:1h86 0:1h87 0:1h88 0:1h89 0\
:1h8a 0:1h8b 0:1h8c 0:1h8d 0:1h8e 0:1h8f 0:1h8g 0:1h8h 0:1h8i 0:1h8j 0:1h8k 0:1h8l 27u:1jgg 0:1jgh 0:1jgi 0:1j\
gj 0:1jgk 0:1jgl 0:1jgm 0:1jgn 0:1jgo 0:1jgp 0:1jgq 0:1jgr 0:1jgs 0:1jgt 0:1jgu 0:1jgv 0:1jgw 0:1jgx 0:1jgy 0:\
1jgz 0:1jh0 0:1jh1 0:1jh2 0:1jh3 0:1jh4 0:1jh5 0:1jh6 0:1jh7 0:1jh8 0:1jh9 0:1jha 0:1jhb gw0:20dc 0:20dd 0:20d\
e 0:20df 0:20dg 0:20dh 0:20di 0:20dj 0:20dk 0:20dl 0:20dm 0:20dn 0:20do 0:20dp 0:20dq 0:20dr 0:20ds 0:20dt 0:2\
0du 0:20dv 0:20dw 0:20dx 0:20dy 0:20dz 0:20e0 0:20e1 0:20e2 0:20e3 0:20e4 0:20e5 0:20e6 0:20e7 1s:20fv 0:20fw \
0:20fx 0:20fy 0:20fz 0:20g0 0:20g1 0:20g2 0:20g3 0:20g4 0:20g5 0:20g6 0:20g7 0:20g8 0:20g9 0:20ga 0:20gb 0:20g\
c 0:20gd 0:20ge 0:20gf 0:20gg 0:20gh 0:20gi 0:20gj o5j:2oma 0:2omb 0:2omc 0:2omd 0:2ome 0:2omf 0:2omg 0:2omh 0\
:2omi 0:2omj 0:2omk 0:2oml 0:2omm 0:2omn 0:2omo 0:2omp 0:2omq 0:2omr 0:2oms 0:2omt 0:2omu 0:2omv 0:2omw 0:2omx\
 0:2omy 0:2omz 0:2on0 0:2on1 0:2on2 0:2on3 0:2on4 0:2on5 0:2on6 0:2on7
map nfd 5c:1t,lc 0:1t,ld 0:1t,le 0:1t,lf 0:1t,lk 0:1t,lm 1:1v,mf 0:1x,lc 0:1x,ld 0:1x,le 0:1x,lk 0:21,lc 0:21,\
ld 0:21,le 0:21,lk 1:26,lf 0:27,lc 0:27,ld 0:27,le 0:27,lf 0:27,lk 2:2d,lc 0:2d,ld 0:2d,le 0:2d,lk 0:2h,ld 2:2\
p,lc 0:2p,ld 0:2p,le 0:2p,lf 0:2p,lk 0:2p,lm 1:2r,mf 0:2t,lc 0:2t,ld 0:2t,le 0:2t,lk 0:2x,lc 0:2x,ld 0:2x,le 0\
:2x,lk 1:32,lf 0:33,lc 0:33,ld 0:33,le 0:33,lf 0:33,lk 2:39,lc 0:39,ld 0:39,le 0:39,lk 0:3d,ld 1:3d,lk 0:1t,lg\
 0:2p,lg 0:1t,li 0:2p,li 0:1t,mg 0:2p,mg 0:1v,ld 0:2r,ld 0:1v,le 0:2r,le 0:1v,lj 0:2r,lj 0:1v,lo 0:2r,lo 0:1w,\
lo 0:2s,lo 2:1x,lg 0:2t,lg 0:1x,li 0:2t,li 0:1x,lj 0:2t,lj 0:1x,mg 0:2t,mg 0:1x,lo 0:2t,lo 0:1z,le 0:2v,le 0:1\
z,li 0:2v,li 0:1z,lj 0:2v,lj 0:1z,mf 0:2v,mf 0:20,le 0:2w,le 2:21,lf 0:2x,lf 0:21,lg 0:2x,lg 0:21,li 0:2x,li 0\
:21,mg 0:2x,mg 0:21,lj 3:22,le 0:2y,le 0:23,mf 0:2z,mf 1:24,ld 0:30,ld 0:24,mf 0:30,mf 0:24,lo 0:30,lo 4:26,ld\
 0:32,ld 0:26,mf 0:32,mf 0:26,lo 0:32,lo 3:27,lg 0:33,lg 0:27,li 0:33,li 0:27,ln 0:33,ln 2:2a,ld 0:36,ld 0:2a,\
mf 0:36,mf 0:2a,lo 0:36,lo 0:2b,ld 0:37,ld 0:2b,le 0:37,le 0:2b,mf 0:37,mf 0:2b,lo 0:37,lo 0:2c,mf 0:38,mf 0:2\
c,lo 0:38,lo 2:2d,lf 0:39,lf 0:2d,lg 0:39,lg 0:2d,li 0:39,li 0:2d,lm 0:39,lm 0:2d,ln 0:39,ln 0:2d,mg 0:39,mg 0\
:2f,le 0:3b,le 0:2h,le 0:3d,le 0:2h,lk 0:2i,ld 0:3e,ld 0:2i,lj 0:3e,lj 0:2i,lo 0:3e,lo x:27,m3 0:33,m3 d:2d,m3\
 0:39,m3 s:1t,lo 0:2p,lo 0:21,lo 0:2x,lo 0:27,lo 0:33,lo 0:2d,lo 0:39,lo 0:2d,lk,lg 0:39,lk,lg 0:2d,lk,ld 0:39\
,lk,ld 0:2d,lk,lo 0:39,lk,lo 0:2d,lk,lc 0:39,lk,lc 1:1t,lk,lg 0:2p,lk,lg 0:1t,lj,lg 0:2p,lj,lg 0:5i,lg 0:6e,lg\
 2:1z,lo 0:2v,lo 0:23,lo 0:2z,lo 0:27,mg 0:33,mg 0:27,mg,lg 0:33,mg,lg 0:c7,lo 0:ia,lo 0:2y,lo 3:1z,ld 0:2v,ld\
 2:26,lc 0:32,lc 0:1t,lm,ld 0:2p,lm,ld 0:5i,ld 0:6e,ld 0:60,ld 0:6w,ld 0:1t,lr 0:2p,lr 0:1t,lt 0:2p,lt 0:1x,lr\
 0:2t,lr 0:1x,lt 0:2t,lt 0:21,lr 0:2x,lr 0:21,lt 0:2x,lt 0:27,lr 0:33,lr 0:27,lt 0:33,lt 0:2a,lr 0:36,lr 0:2a,\
lt 0:36,lt 0:2d,lr 0:39,lr 0:2d,lt 0:39,lt 0:2b,me 0:37,me 0:2c,me 0:38,me 2:20,lo 0:2w,lo 6:1t,lj 0:2p,lj 0:1\
x,mf 0:2t,mf 0:27,lk,lg 0:33,lk,lg 0:27,lf,lg 0:33,lf,lg 0:27,lj 0:33,lj 0:27,lj,lg 0:33,lj,lg 0:2h,lg 0:3d,lg\
 7g:lc 0:ld 1:lv 0:lk,ld 1b:jd 9:1n 6:4o,ld 0:pd,ld 0:53 0:ph,ld 0:pj,ld 0:pl,ld 1:pr,ld 1:px,ld 0:q1,ld 0:qh,\
lk,ld p:pl,lk 0:px,lk 0:q9,ld 0:qd,ld 0:qf,ld 0:qh,ld 0:qt,lk,ld p:qh,lk 0:qt,lk 0:qn,ld 0:qt,ld 0:qx,ld 4:r6,\
ld 0:r6,lk 17:t1,lc 0:t1,lk 1:sz,ld 3:sm,lk 4:t6,ld 0:t4,lc 0:tf,li a:t4,li v:u0,li m:tx,lc 0:tx,lk 1:tv,ld 3:\
uu,lk 4:u2,ld 0:u0,lc 0:ub,li n:vo,lr 0:vp,lr 21:t2,li 0:ty,li d:sw,li 0:ts,li 0:sw,lk 0:ts,lk 2:t1,li 0:tx,li\
 2:yg,lk 0:yh,lk 0:t2,lk 0:ty,lk 0:t3,lk 0:tz,lk 2:t4,lg 0:u0,lg 0:t4,lk 0:u0,lk 0:ta,lk 0:u6,lk 2:yw,lk 0:yx,\
lk 0:tp,lk 0:ul,lk 0:tf,lg 0:ub,lg 0:tf,lk 0:ub,lk 0:tf,ln 0:ub,ln 0:tj,lk 0:uf,lk 2:tn,lk 0:uj,lk 88:17r,18z \
0:17r,190 0:18o,190 0:17r,191 0:18q,190 49:1cl,190 1:1c1,190 g:1ci,190 gl:1t4,1to 7:1tc,1to 2:1tf,1to z:1sl,1t\
o 0:1sm,1to 0:1sn,1to 0:1ss,1to 0:1sx,1to 0:1sy,1to 0:1t7,1to 0:1tb,1to 2z:1xj,1xa 0:1xj,1xz f:1wh,1x8 0:1wi,1\
x8 1:1wv,1x8 2b:20i,20s 2:20o,20s y:1zq,20s 0:1zr,20s 0:1zw,20s 2:20b,20s 6h:287,28m 2:287,27y 0:287,28n f:275\
,27w 0:276,27w 1i:2aa,2c7 1h:2bq,2bi 0:2br,2bi 0:2bq,2c7 3f:2fa,2fq 3b:2in,2j9 6:2iu,2j9 0:2iu,2ja 1:2iu,2iq 0\
:2iu,2iq,2j9 3i:2me,2m6 0:2mf,2m6 0:2me,2mv 3x:2qh,2q2 1:2qh,2q7 0:2qh,2q7,2q2 0:2qh,2qn 9w:30i,33r 9:30s,33r \
4:30x,33r 4:312,33r 4:317,33r c:30g,33p 9:31t,31u 1:31t,31w 0:33m,328 1:33n,328 8:31t,328 h:32q,33r 9:330,33r \
4:335,33r 4:33a,33r 4:33f,33r c:32o,33p 30:36t,372 25b:5c5,5dh 1:5c7,5dh 1:5c9,5dh 1:5cb,5dh 1:5cd,5dh 3:5ch,5\
dh 14:5dm,5dh 1:5do,5dh 2:5dq,5dh 0:5dr,5dh 1:5du,5dh jg:1t,md 0:2p,md 0:1u,lj 0:2q,lj 0:1u,mb 0:2q,mb 0:1u,mp\
 0:2q,mp 0:1v,mf,ld 0:2r,mf,ld 0:1w,lj 0:2s,lj 0:1w,mb 0:2s,mb 0:1w,mp 0:2s,mp 0:1w,mf 0:2s,mf 0:1w,ml 0:2s,ml\
 0:1x,lg,lc 0:2t,lg,lc 0:1x,lg,ld 0:2t,lg,ld 0:1x,ml 0:2t,ml 0:1x,mo 0:2t,mo 0:1x,mf,li 0:2t,mf,li 0:1y,lj 0:2\
u,lj 0:1z,lg 0:2v,lg 0:20,lj 0:2w,lj 0:20,mb 0:2w,mb 0:20,lk 0:2w,lk 0:20,mf 0:2w,mf 0:20,mm 0:2w,mm 0:21,mo 0\
:2x,mo 0:21,lk,ld 0:2x,lk,ld 0:23,ld 0:2z,ld 0:23,mb 0:2z,mb 0:23,mp 0:2z,mp 0:24,mb 0:30,mb 0:24,mb,lg 0:30,m\
b,lg 0:24,mp 0:30,mp 0:24,ml 0:30,ml 0:25,ld 0:31,ld 0:25,lj 0:31,lj 0:25,mb 0:31,mb 0:26,lj 0:32,lj 0:26,mb 0\
:32,mb 0:26,mp 0:32,mp 0:26,ml 0:32,ml 0:27,lf,ld 0:33,lf,ld 0:27,lf,lk 0:33,lf,lk 0:27,lg,lc 0:33,lg,lc 0:27,\
lg,ld 0:33,lg,ld 0:28,ld 0:34,ld 0:28,lj 0:34,lj 0:2a,lj 0:36,lj 0:2a,mb 0:36,mb 0:2a,mb,lg 0:36,mb,lg 0:2a,mp\
 0:36,mp 0:2b,lj 0:37,lj 0:2b,mb 0:37,mb 0:2b,ld,lj 0:37,ld,lj 0:2b,lo,lj 0:37,lo,lj 0:2b,mb,lj 0:37,mb,lj 0:2\
c,lj 0:38,lj 0:2c,mb 0:38,mb 0:2c,mp 0:38,mp 0:2c,ml 0:38,ml 0:2d,mc 0:39,mc 0:2d,mo 0:39,mo 0:2d,ml 0:39,ml 0\
:2d,lf,ld 0:39,lf,ld 0:2d,lg,lk 0:39,lg,lk 0:2e,lf 0:3a,lf 0:2e,mb 0:3a,mb 0:2f,lc 0:3b,lc 0:2f,ld 0:3b,ld 0:2\
f,lk 0:3b,lk 0:2f,lj 0:3b,lj 0:2f,mb 0:3b,mb 0:2g,lj 0:3c,lj 0:2g,lk 0:3c,lk 0:2h,lj 0:3d,lj 0:2i,le 0:3e,le 0\
:2i,mb 0:3e,mb 0:2i,mp 0:3e,mp 0:2w,mp 0:38,lk 0:3b,lm 0:3d,lm 1:an,lj 4:1t,mb 0:2p,mb 0:1t,ll 0:2p,ll 0:1t,le\
,ld 0:2p,le,ld 0:1t,le,lc 0:2p,le,lc 0:1t,le,ll 0:2p,le,ll 0:1t,le,lf 0:2p,le,lf 0:1t,mb,le 0:2p,mb,le 0:1t,li\
,ld 0:2p,li,ld 0:1t,li,lc 0:2p,li,lc 0:1t,li,ll 0:2p,li,ll 0:1t,li,lf 0:2p,li,lf 0:1t,mb,li 0:2p,mb,li 0:1x,mb\
 0:2t,mb 0:1x,ll 0:2t,ll 0:1x,lf 0:2t,lf 0:1x,le,ld 0:2t,le,ld 0:1x,le,lc 0:2t,le,lc 0:1x,le,ll 0:2t,le,ll 0:1\
x,le,lf 0:2t,le,lf 0:1x,mb,le 0:2t,mb,le 0:21,ll 0:2x,ll 0:21,mb 0:2x,mb 0:27,mb 0:33,mb 0:27,ll 0:33,ll 0:27,\
le,ld 0:33,le,ld 0:27,le,lc 0:33,le,lc 0:27,le,ll 0:33,le,ll 0:27,le,lf 0:33,le,lf 0:27,mb,le 0:33,mb,le 0:27,\
m3,ld 0:33,m3,ld 0:27,m3,lc 0:33,m3,lc 0:27,m3,ll 0:33,m3,ll 0:27,m3,lf 0:33,m3,lf 0:27,m3,mb 0:33,m3,mb 0:2d,\
mb 0:39,mb 0:2d,ll 0:39,ll 0:2d,m3,ld 0:39,m3,ld 0:2d,m3,lc 0:39,m3,lc 0:2d,m3,ll 0:39,m3,ll 0:2d,m3,lf 0:39,m\
3,lf 0:2d,m3,mb 0:39,m3,mb 0:2h,lc 0:3d,lc 0:2h,mb 0:3d,mb 0:2h,ll 0:3d,ll 0:2h,lf 0:3d,lf 6:q9,lv 0:q9,lw 0:q\
9,lv,lc 0:q9,lw,lc 0:q9,lv,ld 0:q9,lw,ld 0:q9,lv,n6 0:q9,lw,n6 0:pd,lv 0:pd,lw 0:pd,lv,lc 0:pd,lw,lc 0:pd,lv,l\
d 0:pd,lw,ld 0:pd,lv,n6 0:pd,lw,n6 0:qd,lv 0:qd,lw 0:qd,lv,lc 0:qd,lw,lc 0:qd,lv,ld 0:qd,lw,ld 2:ph,lv 0:ph,lw\
 0:ph,lv,lc 0:ph,lw,lc 0:ph,lv,ld 0:ph,lw,ld 2:qf,lv 0:qf,lw 0:qf,lv,lc 0:qf,lw,lc 0:qf,lv,ld 0:qf,lw,ld 0:qf,\
lv,n6 0:qf,lw,n6 0:pj,lv 0:pj,lw 0:pj,lv,lc 0:pj,lw,lc 0:pj,lv,ld 0:pj,lw,ld 0:pj,lv,n6 0:pj,lw,n6 0:qh,lv 0:q\
h,lw 0:qh,lv,lc 0:qh,lw,lc 0:qh,lv,ld 0:qh,lw,ld 0:qh,lv,n6 0:qh,lw,n6 0:pl,lv 0:pl,lw 0:pl,lv,lc 0:pl,lw,lc 0\
:pl,lv,ld 0:pl,lw,ld 0:pl,lv,n6 0:pl,lw,n6 0:qn,lv 0:qn,lw 0:qn,lv,lc 0:qn,lw,lc 0:qn,lv,ld 0:qn,lw,ld 2:pr,lv\
 0:pr,lw 0:pr,lv,lc 0:pr,lw,lc 0:pr,lv,ld 0:pr,lw,ld 2:qt,lv 0:qt,lw 0:qt,lv,lc 0:qt,lw,lc 0:qt,lv,ld 0:qt,lw,\
ld 0:qt,lv,n6 0:qt,lw,n6 1:px,lw 1:px,lw,lc 1:px,lw,ld 1:px,lw,n6 0:qx,lv 0:qx,lw 0:qx,lv,lc 0:qx,lw,lc 0:qx,l\
v,ld 0:qx,lw,ld 0:qx,lv,n6 0:qx,lw,n6 0:q1,lv 0:q1,lw 0:q1,lv,lc 0:q1,lw,lc 0:q1,lv,ld 0:q1,lw,ld 0:q1,lv,n6 0\
:q1,lw,n6 0:q9,lc 0:q9,ld 0:qd,lc 0:qd,ld 0:qf,lc 0:qf,ld 0:qh,lc 0:qh,ld 0:qn,lc 0:qn,ld 0:qt,lc 0:qt,ld 0:qx\
,lc 0:qx,ld 2:q9,lv,n9 0:q9,lw,n9 0:q9,lv,lc,n9 0:q9,lw,lc,n9 0:q9,lv,ld,n9 0:q9,lw,ld,n9 0:q9,lv,n6,n9 0:q9,l\
w,n6,n9 0:pd,lv,n9 0:pd,lw,n9 0:pd,lv,lc,n9 0:pd,lw,lc,n9 0:pd,lv,ld,n9 0:pd,lw,ld,n9 0:pd,lv,n6,n9 0:pd,lw,n6\
,n9 0:qf,lv,n9 0:qf,lw,n9 0:qf,lv,lc,n9 0:qf,lw,lc,n9 0:qf,lv,ld,n9 0:qf,lw,ld,n9 0:qf,lv,n6,n9 0:qf,lw,n6,n9 \
0:pj,lv,n9 0:pj,lw,n9 0:pj,lv,lc,n9 0:pj,lw,lc,n9 0:pj,lv,ld,n9 0:pj,lw,ld,n9 0:pj,lv,n6,n9 0:pj,lw,n6,n9 0:qx\
,lv,n9 0:qx,lw,n9 0:qx,lv,lc,n9 0:qx,lw,lc,n9 0:qx,lv,ld,n9 0:qx,lw,ld,n9 0:qx,lv,n6,n9 0:qx,lw,n6,n9 0:q1,lv,\
n9 0:q1,lw,n9 0:q1,lv,lc,n9 0:q1,lw,lc,n9 0:q1,lv,ld,n9 0:q1,lw,ld,n9 0:q1,lv,n6,n9 0:q1,lw,n6,n9 0:q9,li 0:q9\
,lg 0:q9,lc,n9 0:q9,n9 0:q9,ld,n9 1:q9,n6 0:q9,n6,n9 0:pd,li 0:pd,lg 0:pd,lc 0:pd,ld 0:pd,n9 1:qh 2:4o,n6 0:qf\
,lc,n9 0:qf,n9 0:qf,ld,n9 1:qf,n6 0:qf,n6,n9 0:ph,lc 0:ph,ld 0:pj,lc 0:pj,ld 0:pj,n9 0:69r,lc 0:69r,ld 0:69r,n\
6 0:qh,li 0:qh,lg 0:qh,lk,lc 0:qh,lk,ld 2:qh,n6 0:qh,lk,n6 0:pl,li 0:pl,lg 0:pl,lc 0:pl,ld 1:6bi,lc 0:6bi,ld 0\
:6bi,n6 0:qt,li 0:qt,lg 0:qt,lk,lc 0:qt,lk,ld 0:qp,lv 0:qp,lw 0:qt,n6 0:qt,lk,n6 0:px,li 0:px,lg 0:px,lc 0:px,\
ld 0:pt,lw 0:4o,lc 0:4o,ld 0:2o 2:qx,lc,n9 0:qx,n9 0:qx,ld,n9 1:qx,n6 0:qx,n6,n9 0:pr,lc 0:pr,ld 0:q1,lc 0:q1,\
ld 0:q1,n9 0:50 2:6bm 0:6bn 84:q1 3:23 0:1t,lm 32:6mo,mw 0:6mq,mw i:6ms,mw u:6og,mw 0:6ok,mw 0:6oi,mw 1g:6pv,m\
w 4:6q0,mw 2:6q3,mw n:6qr,mw 1:6qt,mw q:6rg,mw 2:6rn,mw 2:6rp,mw 1:6rs,mw m:1p,mw 1:6sh,mw a:6rx,mw 0:1o,mw 0:\
1q,mw 0:6sk,mw 0:6sl,mw 2:6sy,mw 0:6sz,mw 2:6t2,mw 0:6t3,mw 6:6t6,mw 0:6t7,mw 2:6te,mw 0:6tf,mw 2:6ti,mw 0:6tj\
,mw y:6ua,mw 0:6ug,mw 0:6uh,mw 0:6uj,mw 1c:6t8,mw 0:6t9,mw 0:6tt,mw 0:6tu,mw 6:6uq,mw 0:6ur,mw 0:6us,mw 0:6ut,\
mw 1n:9hk 0:9hl 1ip:8gt,mw 12n:9jf,9ll 1:9jh,9ll 1:9jj,9ll 1:9jl,9ll 1:9jn,9ll 1:9jp,9ll 1:9jr,9ll 1:9jt,9ll 1\
:9jv,9ll 1:9jx,9ll 1:9jz,9ll 1:9k1,9ll 2:9k4,9ll 1:9k6,9ll 1:9k8,9ll 6:9kf,9ll 0:9kf,9lm 1:9ki,9ll 0:9ki,9lm 1\
:9kl,9ll 0:9kl,9lm 1:9ko,9ll 0:9ko,9lm 1:9kr,9ll 0:9kr,9lm m:9ja,9ll 9:9lp,9ll d:9m3,9ll 1:9m5,9ll 1:9m7,9ll 1\
:9m9,9ll 1:9mb,9ll 1:9md,9ll 1:9mf,9ll 1:9mh,9ll 1:9mj,9ll 1:9ml,9ll 1:9mn,9ll 1:9mp,9ll 2:9ms,9ll 1:9mu,9ll 1\
:9mw,9ll 6:9n3,9ll 0:9n3,9lm 1:9n6,9ll 0:9n6,9lm 1:9n9,9ll 0:9n9,9lm 1:9nc,9ll 0:9nc,9lm 1:9nf,9ll 0:9nf,9lm m\
:9ly,9ll 2:9nz,9ll 0:9o0,9ll 0:9o1,9ll 0:9o2,9ll 3:9od,9ll 13i9:rpk 0:kc4 0:s7e 0:rt4 0:lw1 0:fg2 0:gkl 0:vj0 \
0:vj0 0:hn5 0:ssx 0:gw7 0:hmw 0:jcm 0:ne1 0:p6t 0:qin 0:qt6 0:r20 0:sjz 0:kxu 0:ljv 0:mah 0:mvy 0:q4d 0:sq2 0:\
uep 0:fia 0:ghh 0:l50 0:mjf 0:qi5 0:v8e 0:ifk 0:m3v 0:qfh 0:r50 0:jih 0:pnc 0:qvz 0:iq2 0:kd3 0:lm2 0:mpo 0:sl\
q 0:fpi 0:g53 0:gda 0:jwk 0:l3n 0:mj4 0:nhj 0:pa9 0:qh2 0:qjg 0:s1b 0:tv6 0:upb 0:v7e 0:nt8 0:nzz 0:otc 0:q15 \
0:t1g 0:vb3 0:rfa 0:hjz 0:iro 0:okg 0:pdq 0:mle 0:nuy 0:rsy 0:ttj 0:hjs 0:i8y 0:kyb 0:lp6 0:lxr 0:oq7 0:oxj 0:\
tor 0:gcy 0:pe3 0:g64 0:g5o 0:o4c 0:ou6 0:q29 0:tpx 0:rk0 0:jin 0:kxu 0:rge 0:fg9 0:i5j 0:iz6 0:mtj 0:n74 0:ge\
v 0:nwb 0:fr3 0:iw9 0:ff1 0:lho 0:k1k 0:opu 0:gjn 0:hge 0:ni9 0:q4p 0:re2 0:la2 0:sds 0:lfs 0:jjy 0:put 0:jog \
0:n6t 0:fji 0:g2x 0:g5l 0:kn5 0:oo7 0:prj 0:rf6 0:ssv 0:gdx 0:gn6 0:ho3 0:ir0 0:k3p 0:m4e 0:nxm 0:tkd 0:ui2 0:\
vbr 0:vda 0:gbf 0:kau 0:l87 0:sbm 0:ino 0:j9s 0:jcw 0:jve 0:lyb 0:mdl 0:n0p 0:o22 0:ovo 0:pdb 0:s9y 0:q9a 0:sg\
z 0:t3e 0:g7r 0:gbn 0:gql 0:ma0 0:r0i 0:re2 0:iq1 0:iyd 0:jnf 0:l9q 0:oji 0:mt1 0:fl0 0:h6h 0:i5j 0:iii 0:izg \
0:muq 0:mzt 0:p7e 0:pc6 0:svo 0:tti 0:tvs 0:u1k 0:fpn 0:o1a 0:ss4 0:trs 0:j4x 0:fie 0:fyy 0:i5q 0:i7z 0:k2h 0:\
kxu 0:mha 0:ncy 0:q9o 0:sjg 0:vil 0:k94 0:tny 0:gax 0:kfv 0:kj7 0:lkx 0:luk 0:mx5 0:n6h 0:nsb 0:opc 0:u3i 0:g3\
1 0:je6 0:tq0 0:fu3 0:ie1 0:lpm 0:sa2 0:ivf 0:j7o 0:kk7 0:mtj 0:tqe 0:g89 0:glr 0:i91 0:k5v 0:kem 0:ko8 0:lid \
0:mx2 0:naa 0:p6h 0:r0v 0:r1d 0:sss 0:tsy 0:gfz 0:lve 0:gm5 0:mhc 0:n14 0:qgq 0:tr7 0:uvr 0:vbz 0:kgn 0:lor 0:\
pns 0:o97 0:obk 0:olu 0:mo0 0:m8p 0:riw 0:fk0 0:px2 0:g8q 0:g7b 0:ip2 0:jir 0:onq 0:i2t 0:ljy 0:kac 0:saj 0:qx\
8 0:tot 0:r63 0:iqb 0:g1s 0:gxs 2:hga 1:k8k 2:g66 0:mqy 0:ngq 0:ny4 0:nz2 0:nz9 0:o0f 0:tw6 0:on2 0:p8d 1:qhe \
1:rg8 2:shk 0:sn1 3:u7j 0:u7w 0:u94 0:v5g 0:sm6 0:trr 0:fqm 0:fzb 0:g25 0:gcp 0:gdg 0:ggh 0:gwt 0:gzq 0:h2g 0:\
hfk 0:hig 0:i90 0:i9a 0:j2s 0:j8o 0:j9q 0:jci 0:k0f 0:k4i 0:k9d 0:kn9 0:lmf 0:lqy 0:lya 0:mem 0:mjv 0:mxu 0:nt\
d 0:ny6 0:nyh 0:nyg 0:nyo 0:nyu 0:nz1 0:o0d 0:o0e 0:o5c 0:o75 0:og0 0:ovo 0:ow9 0:oxt 0:p6a 0:pad 0:pnx 0:prt \
0:prt 0:q53 0:r2o 0:r6e 0:rgh 0:ri1 0:rtf 0:ruw 0:sdy 0:shk 0:tsz 0:u0v 0:u2j 0:j1x 0:36cu 0:pp4 2:ffq 0:g51 0\
:g2w 0:fpc 0:g1x 0:g3k 0:gcn 0:ge2 0:gwt 0:gut 0:gwp 0:gyq 0:hga 0:hir 0:hms 0:hn8 0:huq 0:i08 0:iqa 0:iqh 0:i\
uh 0:iwd 0:j4o 0:j7y 0:j60 0:j9q 0:j8g 0:jci 0:jec 0:jpg 0:jrw 0:jte 0:k0m 0:k8k 0:kd3 0:kd7 0:keu 0:l89 0:la2\
 0:lkx 0:lwb 0:lvv 0:lya 0:m5a 0:mem 0:nmv 0:mk5 0:mnj 0:mqy 0:n01 0:n46 0:n5n 0:nbx 0:nbz 0:ngq 0:nh7 0:nhw 0\
:nka 0:nk0 0:nv0 0:o8h 0:og0 0:ol7 0:orf 0:ovo 0:p4u 0:pad 0:pxu 0:q27 0:qrd 0:r41 0:r5y 0:r6e 0:ren 0:rg8 0:r\
ez 0:rgh 0:rge 0:rfx 0:ri1 0:rka 0:ruw 0:sag 0:sj6 0:srd 0:sxi 0:tq4 0:tsz 0:tw6 0:tzv 0:u0v 0:u17 0:u2j 0:umq\
 0:vj0 0:313e 0:3138 0:33dh 0:brx 0:cns 0:cop 0:39e1 0:3bgw 0:3i6r 0:vgj 0:vim 1v:15l,14k 1:16a,14n a:161,14x \
0:161,14y 0:161,14s,14x 0:161,14s,14y 0:15c,14n 0:15c,14o 0:15c,14s 0:15d,14s 0:15e,14s 0:15f,14s 0:15g,14s 0:\
15h,14s 0:15i,14s 1:15k,14s 0:15l,14s 0:15m,14s 0:15n,14s 0:15o,14s 1:15q,14s 1:15s,14s 0:15t,14s 1:15v,14s 0:\
15w,14s 1:15y,14s 0:15z,14s 0:160,14s 0:161,14s 0:162,14s 0:15h,14p 0:15d,14v 0:15n,14v 0:15w,14v 47f:1huh,1hv\
e 1:1huj,1hve e:1hut,1hve 3m:1hyp,1hyf 0:1hyq,1hyf ez:1idj,1ida 0:1idj,1idz a6:1int,1inu 0:1int,1ink 1:1int,1i\
nx 6z:1iuw,1iun 0:1iux,1iun 112a:2jx3,2jxh 0:2jx4,2jxh 0:2jx4,2jxh,2jxq 0:2jx4,2jxh,2jxr 0:2jx4,2jxh,2jxs 0:2j\
x4,2jxh,2jxt 0:2jx4,2jxh,2jxu 2e:2jzt,2jxh 0:2jzu,2jxh 0:2jzt,2jxh,2jxq 0:2jzu,2jxh,2jxq 0:2jzt,2jxh,2jxr 0:2j\
zu,2jxh,2jxr 1m4f:fgd 0:fg8 0:fgh 0:2tcy 0:fog 0:fqm 0:fqz 0:fsy 0:fwa 0:fx5 0:fzb 0:fyn 0:ae6 0:2ud6 0:g25 0:\
g2c 0:g2s 0:g3b 0:2u58 0:aex 0:g2v 0:g3x 0:2u6j 0:g47 0:g4k 0:fkc 0:g4s 0:g51 0:3ly7 0:g6t 0:g77 0:afz 0:g8r 0\
:g92 0:gaa 0:gaf 0:ahh 0:gcn 0:gcp 0:gdg 0:ge2 0:ged 0:gee 0:gev 0:gg9 0:ggh 0:ggq 0:ghf 0:ghp 0:ghr 0:ghr 0:g\
hr 0:2v58 0:m7k 0:gju 0:gkf 0:2vdv 0:gkr 0:gkx 0:gli 0:gpq 0:gmw 0:gnc 0:go8 0:gpu 0:gs6 0:gsw 0:gur 0:gv7 0:g\
w4 0:gw4 0:gwp 0:gx7 0:gxf 0:gxu 0:h7a 0:gzq 0:h7b 0:h1t 0:h2s 0:g7b 0:hke 0:hce 0:hdg 0:he5 0:haj 0:hf6 0:hf5\
 0:hik 0:2x9g 0:hki 0:hkn 0:hl2 0:hlm 0:hlu 0:hnm 0:2xm0 0:2xnu 0:hrg 0:hsr 0:ht3 0:hqw 0:huu 0:aum 0:av0 0:hz\
c 0:i0u 0:i0u 0:2y88 0:i4j 0:i54 0:i5j 0:i5v 0:2yhk 0:i67 0:i6e 0:itv 0:i76 0:ayp 0:i8w 0:i9a 0:ibk 0:ia5 0:2z\
1g 0:if7 0:2z1i 0:ige 0:igb 0:igs 0:ijl 0:ijm 0:b3j 0:ikd 0:ilk 0:im5 0:ind 0:b4y 0:2zr7 0:b5o 0:ipc 0:ipf 0:i\
pi 0:iq2 0:3pg2 0:iri 0:3035 0:3035 0:poh 0:isi 0:isi 0:b7r 0:335k 0:3cgq 0:iua 0:iuj 0:b8j 0:ivu 0:ix9 0:ixj \
0:iyh 0:j29 0:bay 0:ba4 0:j2s 0:30t0 0:j47 0:j7s 0:j7w 0:j7y 0:j7w 0:j96 0:j9q 0:jaq 0:jac 0:jan 0:jby 0:jci 0\
:jcm 0:jdc 0:jdn 0:jfh 0:jht 0:jis 0:jm8 0:31n0 0:jlp 0:jjw 0:jmw 0:jnn 0:jqc 0:31td 0:js2 0:jph 0:jop 0:bhq 0\
:ju1 0:jum 0:jvh 0:juf 0:bjg 0:k0f 0:k18 0:32mi 0:k4j 0:kc8 0:k7d 0:bo9 0:k9d 0:bns 0:bms 0:g42 0:g45 0:kcg 0:\
k9o 0:pf1 0:deh 0:kd3 0:kd7 0:kdd 0:kf2 0:ker 0:33cz 0:bpl 0:kje 0:kg5 0:klu 0:kn9 0:33hp 0:kni 0:kkf 0:kr8 0:\
brx 0:ksi 0:kv7 0:kx6 0:l2g 0:33xf 0:l3v 0:bvc 0:l5t 0:34br 0:l78 0:bwu 0:l82 0:l9b 0:la2 0:la3 0:34p9 0:2yvf \
0:34sa 0:le6 0:354s 0:lhb 0:lhp 0:lev 0:ljq 0:lku 0:lmf 0:lkx 0:lm1 0:lmg 0:lmt 0:357i 0:lkk 0:lrj 0:lta 0:c37\
 0:lvv 0:lvr 0:35jl 0:lq1 0:m0e 0:35ni 0:35ou 0:m2u 0:m61 0:m5a 0:m57 0:c5y 0:m6i 0:m7x 0:m7r 0:m99 0:2u5h 0:m\
dh 0:368z 0:mfw 0:36i3 0:mjs 0:mk5 0:mkw 0:36yw 0:mm8 0:mmt 0:3779 0:37dg 0:mt6 0:mtn 0:cdo 0:mud 0:ce0 0:ce0 \
0:myv 0:mzg 0:n01 0:n0l 0:n2i 0:cgr 0:n50 0:386u 0:n5q 0:389e 0:n74 0:2zrz 0:nbk 0:38v5 0:38vs 0:38zo 0:cn0 0:\
cnc 0:nhw 0:394j 0:394i 0:395l 0:396b 0:nj2 0:nj3 0:nj3 0:nka 0:cop 0:nm3 0:cp2 0:cra 0:39r1 0:nri 0:nt8 0:nv0\
 0:ctf 0:3a5i 0:nyu 0:3a8q 0:3a9x 0:o0f 0:o2z 0:cvj 0:o5c 0:o5m 0:o5r 0:3at8 0:3b1j 0:3b1j 0:oa6 0:d1e 0:3b8r \
0:og6 0:og9 0:d2f 0:3beo 0:onm 0:d5s 0:oo8 0:oo3 0:oow 0:3c06 0:orn 0:d8h 0:ouf 0:ow2 0:oxx 0:d9w 0:3ciw 0:3cj\
r 0:dax 0:3cnt 0:p6i 0:3cqm 0:p79 0:pa2 0:pad 0:3d22 0:3d43 0:pcw 0:3d7s 0:pdc 0:33a7 0:ded 0:pf6 0:phf 0:dfv \
0:pj2 0:hx1 0:3dlz 0:3dmd 0:33bn 0:33bw 0:poh 0:pok 0:sda 0:dij 0:psh 0:psb 0:pst 0:gc3 0:ptd 0:ptf 0:ptp 0:pu\
u 0:3ebg 0:put 0:pwd 0:pyb 0:q0d 0:pwj 0:q0t 0:q1z 0:q53 0:pxv 0:q16 0:q18 0:q1o 0:3eie 0:3eqz 0:3emt 0:dnv 0:\
q9d 0:q9f 0:qae 0:3g0a 0:qck 0:3f3g 0:dp9 0:dpd 0:3f75 0:3ff6 0:dpn 0:qj4 0:qjg 0:qjr 0:qjt 0:qll 0:qko 0:qoe \
0:qn6 0:qrd 0:qp4 0:qqz 0:qrq 0:dsn 0:qu9 0:qv5 0:dtl 0:qxs 0:qxv 0:3giv 0:r13 0:r1a 0:dv9 0:r22 0:aez 0:3gz2 \
0:3h46 0:dz2 0:dzb 0:rds 0:rfx 0:rka 0:rpx 0:3hrc 0:rsb 0:rsx 0:rvf 0:rxz 0:3i9b 0:2upw 0:s0b 0:rzw 0:s1c 0:2u\
vy 0:s7o 0:sag 0:3jki 0:3jl9 0:sk4 0:smp 0:snl 0:3ju6 0:snv 0:svs 0:t07 0:t08 0:sxo 0:t89 0:t91 0:3ksa 0:tjf 0\
:ej9 0:tkn 0:3l2v 0:eli 0:ts3 0:iia 0:tur 0:3ltx 0:3lzu 0:epa 0:epi 0:u00 0:3mdm 0:er6 0:3mhi 0:u17 0:u17 0:u2\
1 0:3mpi 0:u76 0:eur 0:u95 0:ucn 0:ude 0:uf2 0:ez2 0:3nsg 0:umq 0:uv4 0:v0d 0:f66 0:f71 0:v3b 0:3owe 0:f7c 0:3\
oxx 0:3p5a 0:3p8x 0:vcr 0:f9y 0:veh 0:vem 0:vet 0:vf3 0:vfa 0:vgb 0:3pxc
map nfkd 4g:w 7:w,lk 1:2p 4:w,lg 2:1e 0:1f 0:w,ld 0:qk 2:w,mf 0:1d 0:33 1:1d,6dg,1g 0:1d,6dg,1e 0:1f,6dg,1g 1:\
1t,lc 0:1t,ld 0:1t,le 0:1t,lf 0:1t,lk 0:1t,lm 1:1v,mf 0:1x,lc 0:1x,ld 0:1x,le 0:1x,lk 0:21,lc 0:21,ld 0:21,le \
0:21,lk 1:26,lf 0:27,lc 0:27,ld 0:27,le 0:27,lf 0:27,lk 2:2d,lc 0:2d,ld 0:2d,le 0:2d,lk 0:2h,ld 2:2p,lc 0:2p,l\
d 0:2p,le 0:2p,lf 0:2p,lk 0:2p,lm 1:2r,mf 0:2t,lc 0:2t,ld 0:2t,le 0:2t,lk 0:2x,lc 0:2x,ld 0:2x,le 0:2x,lk 1:32\
,lf 0:33,lc 0:33,ld 0:33,le 0:33,lf 0:33,lk 2:39,lc 0:39,ld 0:39,le 0:39,lk 0:3d,ld 1:3d,lk 0:1t,lg 0:2p,lg 0:\
1t,li 0:2p,li 0:1t,mg 0:2p,mg 0:1v,ld 0:2r,ld 0:1v,le 0:2r,le 0:1v,lj 0:2r,lj 0:1v,lo 0:2r,lo 0:1w,lo 0:2s,lo \
2:1x,lg 0:2t,lg 0:1x,li 0:2t,li 0:1x,lj 0:2t,lj 0:1x,mg 0:2t,mg 0:1x,lo 0:2t,lo 0:1z,le 0:2v,le 0:1z,li 0:2v,l\
i 0:1z,lj 0:2v,lj 0:1z,mf 0:2v,mf 0:20,le 0:2w,le 2:21,lf 0:2x,lf 0:21,lg 0:2x,lg 0:21,li 0:2x,li 0:21,mg 0:2x\
,mg 0:21,lj 1:21,22 0:2x,2y 0:22,le 0:2y,le 0:23,mf 0:2z,mf 1:24,ld 0:30,ld 0:24,mf 0:30,mf 0:24,lo 0:30,lo 0:\
24,53 0:30,53 2:26,ld 0:32,ld 0:26,mf 0:32,mf 0:26,lo 0:32,lo 0:jg,32 2:27,lg 0:33,lg 0:27,li 0:33,li 0:27,ln \
0:33,ln 2:2a,ld 0:36,ld 0:2a,mf 0:36,mf 0:2a,lo 0:36,lo 0:2b,ld 0:37,ld 0:2b,le 0:37,le 0:2b,mf 0:37,mf 0:2b,l\
o 0:37,lo 0:2c,mf 0:38,mf 0:2c,lo 0:38,lo 2:2d,lf 0:39,lf 0:2d,lg 0:39,lg 0:2d,li 0:39,li 0:2d,lm 0:39,lm 0:2d\
,ln 0:39,ln 0:2d,mg 0:39,mg 0:2f,le 0:3b,le 0:2h,le 0:3d,le 0:2h,lk 0:2i,ld 0:3e,ld 0:2i,lj 0:3e,lj 0:2i,lo 0:\
3e,lo 0:37 w:27,m3 0:33,m3 d:2d,m3 0:39,m3 j:1w,2i,lo 0:1w,3e,lo 0:2s,3e,lo 0:24,22 0:24,2y 0:30,2y 0:26,22 0:\
26,2y 0:32,2y 0:1t,lo 0:2p,lo 0:21,lo 0:2x,lo 0:27,lo 0:33,lo 0:2d,lo 0:39,lo 0:2d,lk,lg 0:39,lk,lg 0:2d,lk,ld\
 0:39,lk,ld 0:2d,lk,lo 0:39,lk,lo 0:2d,lk,lc 0:39,lk,lc 1:1t,lk,lg 0:2p,lk,lg 0:1t,lj,lg 0:2p,lj,lg 0:5i,lg 0:\
6e,lg 2:1z,lo 0:2v,lo 0:23,lo 0:2z,lo 0:27,mg 0:33,mg 0:27,mg,lg 0:33,mg,lg 0:c7,lo 0:ia,lo 0:2y,lo 0:1w,2i 0:\
1w,3e 0:2s,3e 0:1z,ld 0:2v,ld 2:26,lc 0:32,lc 0:1t,lm,ld 0:2p,lm,ld 0:5i,ld 0:6e,ld 0:60,ld 0:6w,ld 0:1t,lr 0:\
2p,lr 0:1t,lt 0:2p,lt 0:1x,lr 0:2t,lr 0:1x,lt 0:2t,lt 0:21,lr 0:2x,lr 0:21,lt 0:2x,lt 0:27,lr 0:33,lr 0:27,lt \
0:33,lt 0:2a,lr 0:36,lr 0:2a,lt 0:36,lt 0:2d,lr 0:39,lr 0:2d,lt 0:39,lt 0:2b,me 0:37,me 0:2c,me 0:38,me 2:20,l\
o 0:2w,lo 6:1t,lj 0:2p,lj 0:1x,mf 0:2t,mf 0:27,lk,lg 0:33,lk,lg 0:27,lf,lg 0:33,lf,lg 0:27,lj 0:33,lj 0:27,lj,\
lg 0:33,lj,lg 0:2h,lg 0:3d,lg 3g:2w 0:h2 0:2y 0:36 0:hl 0:hn 0:ht 0:3b 0:3d v:w,li 0:w,lj 0:w,lm 0:w,mg 0:w,lf\
 0:w,ln 2:gz 0:30 0:37 0:3c 0:id 2j:lc 0:ld 1:lv 0:lk,ld 1b:jd 5:w,n9 3:1n 5:w,ld 0:w,lk,ld 0:pd,ld 0:53 0:ph,\
ld 0:pj,ld 0:pl,ld 1:pr,ld 1:px,ld 0:q1,ld 0:qh,lk,ld p:pl,lk 0:px,lk 0:q9,ld 0:qd,ld 0:qf,ld 0:qh,ld 0:qt,lk,\
ld p:qh,lk 0:qt,lk 0:qn,ld 0:qt,ld 0:qx,ld 1:qa 0:qg 0:px 0:px,ld 0:px,lk 0:qu 0:qo p:qi 0:qp 0:qq 1:pk 0:qd 3\
:pv 6:t1,lc 0:t1,lk 1:sz,ld 3:sm,lk 4:t6,ld 0:t4,lc 0:tf,li a:t4,li v:u0,li m:tx,lc 0:tx,lk 1:tv,ld 3:uu,lk 4:\
u2,ld 0:u0,lc 0:ub,li n:vo,lr 0:vp,lr 21:t2,li 0:ty,li d:sw,li 0:ts,li 0:sw,lk 0:ts,lk 2:t1,li 0:tx,li 2:yg,lk\
 0:yh,lk 0:t2,lk 0:ty,lk 0:t3,lk 0:tz,lk 2:t4,lg 0:u0,lg 0:t4,lk 0:u0,lk 0:ta,lk 0:u6,lk 2:yw,lk 0:yx,lk 0:tp,\
lk 0:ul,lk 0:tf,lg 0:ub,lg 0:tf,lk 0:ub,lk 0:tf,ln 0:ub,ln 0:tj,lk 0:uf,lk 2:tn,lk 0:uj,lk 3x:12d,136 4a:17r,1\
8z 0:17r,190 0:18o,190 0:17r,191 0:18q,190 26:17r,19w 0:18o,19w 0:1c7,19w 0:18q,19w 1z:1cl,190 1:1c1,190 g:1ci\
,190 gl:1t4,1to 7:1tc,1to 2:1tf,1to z:1sl,1to 0:1sm,1to 0:1sn,1to 0:1ss,1to 0:1sx,1to 0:1sy,1to 0:1t7,1to 0:1t\
b,1to 2z:1xj,1xa 0:1xj,1xz f:1wh,1x8 0:1wi,1x8 1:1wv,1x8 2b:20i,20s 2:20o,20s y:1zq,20s 0:1zr,20s 0:1zw,20s 2:\
20b,20s 6h:287,28m 2:287,27y 0:287,28n f:275,27w 0:276,27w 1i:2aa,2c7 1h:2bq,2bi 0:2br,2bi 0:2bq,2c7 3f:2fa,2f\
q 3b:2in,2j9 6:2iu,2j9 0:2iu,2ja 1:2iu,2iq 0:2iu,2iq,2j9 3i:2me,2m6 0:2mf,2m6 0:2me,2mv 3x:2qh,2q2 1:2qh,2q7 0\
:2qh,2q7,2q2 0:2qh,2qn 2c:2tp,2sy 3j:2x9,2wi 14:2wb,2vt 0:2wb,2w1 1a:2yz 1i:30i,33r 9:30s,33r 4:30x,33r 4:312,\
33r 4:317,33r c:30g,33p 9:31t,31u 1:31t,31w 0:33m,328 0:33m,31t,328 0:33n,328 0:33n,31t,328 7:31t,328 h:32q,33\
r 9:330,33r 4:335,33r 4:33a,33r 4:33f,33r c:32o,33p 30:36t,372 5x:3bw 1zd:5c5,5dh 1:5c7,5dh 1:5c9,5dh 1:5cb,5d\
h 1:5cd,5dh 3:5ch,5dh 14:5dm,5dh 1:5do,5dh 2:5dq,5dh 0:5dr,5dh 1:5du,5dh dk:1t 0:5i 0:1u 1:1w 0:1x 0:b2 0:1z 0\
:20 0:21 0:22 0:23 0:24 0:25 0:26 1:27 0:f6 0:28 0:2a 0:2c 0:2d 0:2f 0:2p 0:gg 0:gh 0:5qa 0:2q 0:2s 0:2t 0:gp \
0:gr 0:gs 0:2v 1:2z 0:31 0:97 0:33 0:gk 0:5qu 0:5qv 0:34 0:38 0:39 0:5r1 0:hb 0:3a 0:5r9 0:qa 0:qb 0:qc 0:qu 0\
:qv 0:2x 0:36 0:39 0:3a 0:qa 0:qb 0:qp 0:qu 0:qv d:u5 y:gi 0:2r 0:gl 0:6o 0:gs 0:2u 0:gv 0:gx 0:h1 0:h4 0:h5 0\
:h6 0:5tn 0:il 0:h9 0:5tx 0:in 0:hd 0:hc 0:he 0:hf 0:hg 0:hh 0:hk 0:hu 0:hv 0:bv 0:i1 0:i2 0:5r0 0:i3 0:i4 0:3\
e 0:i8 0:i9 0:ia 0:qg 1s:1t,md 0:2p,md 0:1u,lj 0:2q,lj 0:1u,mb 0:2q,mb 0:1u,mp 0:2q,mp 0:1v,mf,ld 0:2r,mf,ld 0\
:1w,lj 0:2s,lj 0:1w,mb 0:2s,mb 0:1w,mp 0:2s,mp 0:1w,mf 0:2s,mf 0:1w,ml 0:2s,ml 0:1x,lg,lc 0:2t,lg,lc 0:1x,lg,l\
d 0:2t,lg,ld 0:1x,ml 0:2t,ml 0:1x,mo 0:2t,mo 0:1x,mf,li 0:2t,mf,li 0:1y,lj 0:2u,lj 0:1z,lg 0:2v,lg 0:20,lj 0:2\
w,lj 0:20,mb 0:2w,mb 0:20,lk 0:2w,lk 0:20,mf 0:2w,mf 0:20,mm 0:2w,mm 0:21,mo 0:2x,mo 0:21,lk,ld 0:2x,lk,ld 0:2\
3,ld 0:2z,ld 0:23,mb 0:2z,mb 0:23,mp 0:2z,mp 0:24,mb 0:30,mb 0:24,mb,lg 0:30,mb,lg 0:24,mp 0:30,mp 0:24,ml 0:3\
0,ml 0:25,ld 0:31,ld 0:25,lj 0:31,lj 0:25,mb 0:31,mb 0:26,lj 0:32,lj 0:26,mb 0:32,mb 0:26,mp 0:32,mp 0:26,ml 0\
:32,ml 0:27,lf,ld 0:33,lf,ld 0:27,lf,lk 0:33,lf,lk 0:27,lg,lc 0:33,lg,lc 0:27,lg,ld 0:33,lg,ld 0:28,ld 0:34,ld\
 0:28,lj 0:34,lj 0:2a,lj 0:36,lj 0:2a,mb 0:36,mb 0:2a,mb,lg 0:36,mb,lg 0:2a,mp 0:36,mp 0:2b,lj 0:37,lj 0:2b,mb\
 0:37,mb 0:2b,ld,lj 0:37,ld,lj 0:2b,lo,lj 0:37,lo,lj 0:2b,mb,lj 0:37,mb,lj 0:2c,lj 0:38,lj 0:2c,mb 0:38,mb 0:2\
c,mp 0:38,mp 0:2c,ml 0:38,ml 0:2d,mc 0:39,mc 0:2d,mo 0:39,mo 0:2d,ml 0:39,ml 0:2d,lf,ld 0:39,lf,ld 0:2d,lg,lk \
0:39,lg,lk 0:2e,lf 0:3a,lf 0:2e,mb 0:3a,mb 0:2f,lc 0:3b,lc 0:2f,ld 0:3b,ld 0:2f,lk 0:3b,lk 0:2f,lj 0:3b,lj 0:2\
f,mb 0:3b,mb 0:2g,lj 0:3c,lj 0:2g,lk 0:3c,lk 0:2h,lj 0:3d,lj 0:2i,le 0:3e,le 0:2i,mb 0:3e,mb 0:2i,mp 0:3e,mp 0\
:2w,mp 0:38,lk 0:3b,lm 0:3d,lm 0:2p,ji 0:37,lj 4:1t,mb 0:2p,mb 0:1t,ll 0:2p,ll 0:1t,le,ld 0:2p,le,ld 0:1t,le,l\
c 0:2p,le,lc 0:1t,le,ll 0:2p,le,ll 0:1t,le,lf 0:2p,le,lf 0:1t,mb,le 0:2p,mb,le 0:1t,li,ld 0:2p,li,ld 0:1t,li,l\
c 0:2p,li,lc 0:1t,li,ll 0:2p,li,ll 0:1t,li,lf 0:2p,li,lf 0:1t,mb,li 0:2p,mb,li 0:1x,mb 0:2t,mb 0:1x,ll 0:2t,ll\
 0:1x,lf 0:2t,lf 0:1x,le,ld 0:2t,le,ld 0:1x,le,lc 0:2t,le,lc 0:1x,le,ll 0:2t,le,ll 0:1x,le,lf 0:2t,le,lf 0:1x,\
mb,le 0:2t,mb,le 0:21,ll 0:2x,ll 0:21,mb 0:2x,mb 0:27,mb 0:33,mb 0:27,ll 0:33,ll 0:27,le,ld 0:33,le,ld 0:27,le\
,lc 0:33,le,lc 0:27,le,ll 0:33,le,ll 0:27,le,lf 0:33,le,lf 0:27,mb,le 0:33,mb,le 0:27,m3,ld 0:33,m3,ld 0:27,m3\
,lc 0:33,m3,lc 0:27,m3,ll 0:33,m3,ll 0:27,m3,lf 0:33,m3,lf 0:27,m3,mb 0:33,m3,mb 0:2d,mb 0:39,mb 0:2d,ll 0:39,\
ll 0:2d,m3,ld 0:39,m3,ld 0:2d,m3,lc 0:39,m3,lc 0:2d,m3,ll 0:39,m3,ll 0:2d,m3,lf 0:39,m3,lf 0:2d,m3,mb 0:39,m3,\
mb 0:2h,lc 0:3d,lc 0:2h,mb 0:3d,mb 0:2h,ll 0:3d,ll 0:2h,lf 0:3d,lf 6:q9,lv 0:q9,lw 0:q9,lv,lc 0:q9,lw,lc 0:q9,\
lv,ld 0:q9,lw,ld 0:q9,lv,n6 0:q9,lw,n6 0:pd,lv 0:pd,lw 0:pd,lv,lc 0:pd,lw,lc 0:pd,lv,ld 0:pd,lw,ld 0:pd,lv,n6 \
0:pd,lw,n6 0:qd,lv 0:qd,lw 0:qd,lv,lc 0:qd,lw,lc 0:qd,lv,ld 0:qd,lw,ld 2:ph,lv 0:ph,lw 0:ph,lv,lc 0:ph,lw,lc 0\
:ph,lv,ld 0:ph,lw,ld 2:qf,lv 0:qf,lw 0:qf,lv,lc 0:qf,lw,lc 0:qf,lv,ld 0:qf,lw,ld 0:qf,lv,n6 0:qf,lw,n6 0:pj,lv\
 0:pj,lw 0:pj,lv,lc 0:pj,lw,lc 0:pj,lv,ld 0:pj,lw,ld 0:pj,lv,n6 0:pj,lw,n6 0:qh,lv 0:qh,lw 0:qh,lv,lc 0:qh,lw,\
lc 0:qh,lv,ld 0:qh,lw,ld 0:qh,lv,n6 0:qh,lw,n6 0:pl,lv 0:pl,lw 0:pl,lv,lc 0:pl,lw,lc 0:pl,lv,ld 0:pl,lw,ld 0:p\
l,lv,n6 0:pl,lw,n6 0:qn,lv 0:qn,lw 0:qn,lv,lc 0:qn,lw,lc 0:qn,lv,ld 0:qn,lw,ld 2:pr,lv 0:pr,lw 0:pr,lv,lc 0:pr\
,lw,lc 0:pr,lv,ld 0:pr,lw,ld 2:qt,lv 0:qt,lw 0:qt,lv,lc 0:qt,lw,lc 0:qt,lv,ld 0:qt,lw,ld 0:qt,lv,n6 0:qt,lw,n6\
 1:px,lw 1:px,lw,lc 1:px,lw,ld 1:px,lw,n6 0:qx,lv 0:qx,lw 0:qx,lv,lc 0:qx,lw,lc 0:qx,lv,ld 0:qx,lw,ld 0:qx,lv,\
n6 0:qx,lw,n6 0:q1,lv 0:q1,lw 0:q1,lv,lc 0:q1,lw,lc 0:q1,lv,ld 0:q1,lw,ld 0:q1,lv,n6 0:q1,lw,n6 0:q9,lc 0:q9,l\
d 0:qd,lc 0:qd,ld 0:qf,lc 0:qf,ld 0:qh,lc 0:qh,ld 0:qn,lc 0:qn,ld 0:qt,lc 0:qt,ld 0:qx,lc 0:qx,ld 2:q9,lv,n9 0\
:q9,lw,n9 0:q9,lv,lc,n9 0:q9,lw,lc,n9 0:q9,lv,ld,n9 0:q9,lw,ld,n9 0:q9,lv,n6,n9 0:q9,lw,n6,n9 0:pd,lv,n9 0:pd,\
lw,n9 0:pd,lv,lc,n9 0:pd,lw,lc,n9 0:pd,lv,ld,n9 0:pd,lw,ld,n9 0:pd,lv,n6,n9 0:pd,lw,n6,n9 0:qf,lv,n9 0:qf,lw,n\
9 0:qf,lv,lc,n9 0:qf,lw,lc,n9 0:qf,lv,ld,n9 0:qf,lw,ld,n9 0:qf,lv,n6,n9 0:qf,lw,n6,n9 0:pj,lv,n9 0:pj,lw,n9 0:\
pj,lv,lc,n9 0:pj,lw,lc,n9 0:pj,lv,ld,n9 0:pj,lw,ld,n9 0:pj,lv,n6,n9 0:pj,lw,n6,n9 0:qx,lv,n9 0:qx,lw,n9 0:qx,l\
v,lc,n9 0:qx,lw,lc,n9 0:qx,lv,ld,n9 0:qx,lw,ld,n9 0:qx,lv,n6,n9 0:qx,lw,n6,n9 0:q1,lv,n9 0:q1,lw,n9 0:q1,lv,lc\
,n9 0:q1,lw,lc,n9 0:q1,lv,ld,n9 0:q1,lw,ld,n9 0:q1,lv,n6,n9 0:q1,lw,n6,n9 0:q9,li 0:q9,lg 0:q9,lc,n9 0:q9,n9 0\
:q9,ld,n9 1:q9,n6 0:q9,n6,n9 0:pd,li 0:pd,lg 0:pd,lc 0:pd,ld 0:pd,n9 0:w,lv 0:qh 0:w,lv 0:w,n6 0:w,lk,n6 0:qf,\
lc,n9 0:qf,n9 0:qf,ld,n9 1:qf,n6 0:qf,n6,n9 0:ph,lc 0:ph,ld 0:pj,lc 0:pj,ld 0:pj,n9 0:w,lv,lc 0:w,lv,ld 0:w,lv\
,n6 0:qh,li 0:qh,lg 0:qh,lk,lc 0:qh,lk,ld 2:qh,n6 0:qh,lk,n6 0:pl,li 0:pl,lg 0:pl,lc 0:pl,ld 1:w,lw,lc 0:w,lw,\
ld 0:w,lw,n6 0:qt,li 0:qt,lg 0:qt,lk,lc 0:qt,lk,ld 0:qp,lv 0:qp,lw 0:qt,n6 0:qt,lk,n6 0:px,li 0:px,lg 0:px,lc \
0:px,ld 0:pt,lw 0:w,lk,lc 0:w,lk,ld 0:2o 2:qx,lc,n9 0:qx,n9 0:qx,ld,n9 1:qx,n6 0:qx,n6,n9 0:pr,lc 0:pr,ld 0:q1\
,lc 0:q1,ld 0:q1,n9 0:w,ld 0:w,lw 1:w 0:w 0:w 0:w 0:w 0:w 0:w 0:w 0:w 0:w 0:w 6:6c0 5:w,mr c:1a 0:1a,1a 0:1a,1\
a,1a 8:w 3:6cy,6cy 0:6cy,6cy,6cy 1:6d1,6d1 0:6d1,6d1,6d1 4:x,x 1:w,lh 8:1r,1r 0:1r,x 0:x,1r d:6cy,6cy,6cy,6cy \
7:w g:1c 0:2x 2:1g 0:1h 0:1i 0:1j 0:1k 0:1l 0:17 0:6qa 0:1p 0:14 0:15 0:32 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i \
0:1j 0:1k 0:1l 0:17 0:6qa 0:1p 0:14 0:15 1:2p 0:2t 0:33 0:3c 0:gp 0:2w 0:2z 0:30 0:31 0:32 0:34 0:37 0:38 b:2a\
,37 2f:2p,1b,2r 0:2p,1b,37 0:1v 0:4w,1v 1:2r,1b,33 0:2r,1b,39 0:b4 1:4w,1y 0:2v 0:20 0:20 0:20 0:2w 0:87 0:21 \
0:21 0:24 0:30 1:26 0:26,33 2:28 0:29 0:2a 0:2a 0:2a 2:2b,25 0:2c,1x,24 0:2c,25 1:2i 1:q1 1:2i 1:23 0:1t,lm 0:\
1u 0:1v 1:2t 0:1x 0:1y 1:25 0:33 0:15c 0:15d 0:15e 0:15f 0:2x 1:1y,1t,2g 0:qo 0:qb 0:pf 0:ps 0:6q9 4:1w 0:2s 0\
:2t 0:2x 0:2y 6:1d,6dg,1j 0:1d,6dg,1l 0:1d,6dg,1d,1c 0:1d,6dg,1f 0:1e,6dg,1f 0:1d,6dg,1h 0:1e,6dg,1h 0:1f,6dg,\
1h 0:1g,6dg,1h 0:1d,6dg,1i 0:1h,6dg,1i 0:1d,6dg,1k 0:1f,6dg,1k 0:1h,6dg,1k 0:1j,6dg,1k 0:1d,6dg 0:21 0:21,21 0\
:21,21,21 0:21,2e 0:2e 0:2e,21 0:2e,21,21 0:2e,21,21,21 0:21,2g 0:2g 0:2g,21 0:2g,21,21 0:24 0:1v 0:1w 0:25 0:\
2x 0:2x,2x 0:2x,2x,2x 0:2x,3a 0:3a 0:3a,2x 0:3a,2x,2x 0:3a,2x,2x,2x 0:2x,3c 0:3c 0:3c,2x 0:3c,2x,2x 0:30 0:2r \
0:2s 0:31 9:1c,6dg,1f g:6mo,mw 0:6mq,mw i:6ms,mw u:6og,mw 0:6ok,mw 0:6oi,mw 1g:6pv,mw 4:6q0,mw 2:6q3,mw n:6qr,\
mw 1:6qt,mw 5:6qz,6qz 0:6qz,6qz,6qz 1:6r2,6r2 0:6r2,6r2,6r2 g:6rg,mw 2:6rn,mw 2:6rp,mw 1:6rs,mw m:1p,mw 1:6sh,\
mw a:6rx,mw 0:1o,mw 0:1q,mw 0:6sk,mw 0:6sl,mw 2:6sy,mw 0:6sz,mw 2:6t2,mw 0:6t3,mw 6:6t6,mw 0:6t7,mw 2:6te,mw 0\
:6tf,mw 2:6ti,mw 0:6tj,mw y:6ua,mw 0:6ug,mw 0:6uh,mw 0:6uj,mw 1c:6t8,mw 0:6t9,mw 0:6tt,mw 0:6tu,mw 6:6uq,mw 0:\
6ur,mw 0:6us,mw 0:6ut,mw 1n:9hk 0:9hl 8l:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1l 0:1d,1c 0:1d,1d 0:1d,1e 0:\
1d,1f 0:1d,1g 0:1d,1h 0:1d,1i 0:1d,1j 0:1d,1k 0:1d,1l 0:1e,1c 0:14,1d,15 0:14,1e,15 0:14,1f,15 0:14,1g,15 0:14\
,1h,15 0:14,1i,15 0:14,1j,15 0:14,1k,15 0:14,1l,15 0:14,1d,1c,15 0:14,1d,1d,15 0:14,1d,1e,15 0:14,1d,1f,15 0:1\
4,1d,1g,15 0:14,1d,1h,15 0:14,1d,1i,15 0:14,1d,1j,15 0:14,1d,1k,15 0:14,1d,1l,15 0:14,1e,1c,15 0:1d,1a 0:1e,1a\
 0:1f,1a 0:1g,1a 0:1h,1a 0:1i,1a 0:1j,1a 0:1k,1a 0:1l,1a 0:1d,1c,1a 0:1d,1d,1a 0:1d,1e,1a 0:1d,1f,1a 0:1d,1g,1\
a 0:1d,1h,1a 0:1d,1i,1a 0:1d,1j,1a 0:1d,1k,1a 0:1d,1l,1a 0:1e,1c,1a 0:14,2p,15 0:14,2q,15 0:14,2r,15 0:14,2s,1\
5 0:14,2t,15 0:14,2u,15 0:14,2v,15 0:14,2w,15 0:14,2x,15 0:14,2y,15 0:14,2z,15 0:14,30,15 0:14,31,15 0:14,32,1\
5 0:14,33,15 0:14,34,15 0:14,35,15 0:14,36,15 0:14,37,15 0:14,38,15 0:14,39,15 0:14,3a,15 0:14,3b,15 0:14,3c,1\
5 0:14,3d,15 0:14,3e,15 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0\
:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0\
:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1c 10h:6qz,6qz,6qz,6qz 2v:1m,1m,1p 0:1p,1p 0\
:1p,1p,1p 2t:8gt,mw bj:2y 0:2e 6p:8yp 8f:lal 2b:vj3 c:feo 0:ffs 0:fg6 0:fgf 0:fh5 0:fid 0:fik 0:fj4 0:fju 0:g1\
r 0:g2t 0:g2z 0:g3m 0:g46 0:g4r 0:g68 0:g6t 0:g74 0:gbf 0:ge1 0:get 0:gey 0:gfs 0:gg1 0:ggs 0:gh5 0:ghu 0:gja \
0:gjs 0:gkj 0:h5j 0:h7j 0:hkb 0:hky 0:hl6 0:hlh 0:hlz 0:ho3 0:i1c 0:i2o 0:i60 0:i6n 0:i76 0:i7s 0:i9a 0:i9d 0:\
ijf 0:ijp 0:ik1 0:ike 0:inm 0:inu 0:inz 0:ir8 0:iri 0:irv 0:is3 0:its 0:iu9 0:iur 0:iwz 0:jd4 0:jee 0:jez 0:jz\
j 0:jzo 0:k1z 0:k2f 0:k2s 0:k3d 0:k4g 0:k4l 0:kc0 0:kco 0:kdk 0:l5s 0:l7m 0:l89 0:l9v 0:laj 0:las 0:laz 0:lcf \
0:lck 0:ldg 0:m7f 0:mju 0:mk6 0:mkb 0:mkf 0:mkn 0:ml5 0:ml7 0:mng 0:mtg 0:mtl 0:n30 0:n3a 0:n4o 0:n4v 0:n54 0:\
n5c 0:n7v 0:n82 0:nee 0:nel 0:nfy 0:ngf 0:nhq 0:nob 0:noi 0:noz 0:ny2 0:o1k 0:o1q 0:o6s 0:o97 0:oah 0:okz 0:oo\
o 0:p4m 0:p5d 0:p6y 0:p8d 0:pa9 0:pak 0:paq 0:pbn 0:pdr 0:pe1 0:pnn 0:pnu 0:po3 0:poc 0:pos 0:pp7 0:ppb 0:pri \
0:prm 0:prs 0:qj1 0:qjv 0:qww 0:qx8 0:qxv 0:r5q 0:r63 0:r82 0:r9c 0:rp3 0:rpi 0:rpx 0:rqw 0:rrx 0:rxg 0:rxs 0:\
rzn 0:s6j 0:s7e 0:sd7 0:sds 0:sdx 0:sk1 0:sp5 0:ssm 0:sss 0:ssx 0:tiv 0:tj4 0:tng 0:trq 0:trt 0:tt4 0:tw1 0:tw\
e 0:twi 0:twp 0:tzf 0:u0d 0:u0j 0:u0x 0:u5k 0:u6z 0:u73 0:uc6 0:uc9 0:ucs 0:ujs 0:ul4 0:ulb 0:un9 0:unj 0:unm \
0:unw 0:uoq 0:uzp 0:vat 0:vb3 0:vc5 0:vcr 0:vcz 0:vd9 0:vdd 0:veh 0:vel 0:vf2 0:vf7 0:vfk 0:vgb 0:vgq 0:vgy 0:\
vil 0:vj0 0:vj4 16:w 1h:9hu 1:gg1 0:gg4 0:gg5 h:9jf,9ll 1:9jh,9ll 1:9jj,9ll 1:9jl,9ll 1:9jn,9ll 1:9jp,9ll 1:9j\
r,9ll 1:9jt,9ll 1:9jv,9ll 1:9jx,9ll 1:9jz,9ll 1:9k1,9ll 2:9k4,9ll 1:9k6,9ll 1:9k8,9ll 6:9kf,9ll 0:9kf,9lm 1:9k\
i,9ll 0:9ki,9lm 1:9kl,9ll 0:9kl,9lm 1:9ko,9ll 0:9ko,9lm 1:9kr,9ll 0:9kr,9lm m:9ja,9ll 6:w,9ll 0:w,9lm 1:9lp,9l\
l 0:9l4,9l6 c:9m3,9ll 1:9m5,9ll 1:9m7,9ll 1:9m9,9ll 1:9mb,9ll 1:9md,9ll 1:9mf,9ll 1:9mh,9ll 1:9mj,9ll 1:9ml,9l\
l 1:9mn,9ll 1:9mp,9ll 2:9ms,9ll 1:9mu,9ll 1:9mw,9ll 6:9n3,9ll 0:9n3,9lm 1:9n6,9ll 0:9n6,9lm 1:9n9,9ll 0:9n9,9l\
m 1:9nc,9ll 0:9nc,9lm 1:9nf,9ll 0:9nf,9lm m:9ly,9ll 2:9nz,9ll 0:9o0,9ll 0:9o1,9ll 0:9o2,9ll 3:9od,9ll 0:9mb,9m\
w 1d:3cw 0:3cx 0:3hm 0:3cy 0:3ho 0:3hp 0:3cz 0:3d0 0:3d1 0:3hs 0:3ht 0:3hu 0:3hv 0:3hw 0:3hx 0:3dm 0:3d2 0:3d3\
 0:3d4 0:3dt 0:3d5 0:3d6 0:3d7 0:3d8 0:3d9 0:3da 0:3db 0:3dc 0:3dd 0:3de 0:3fl 0:3fm 0:3fn 0:3fo 0:3fp 0:3fq 0\
:3fr 0:3fs 0:3ft 0:3fu 0:3fv 0:3fw 0:3fx 0:3fy 0:3fz 0:3g0 0:3g1 0:3g2 0:3g3 0:3g4 0:3g5 0:3fk 0:3dg 0:3dh 0:3\
if 0:3ig 0:3ik 0:3im 0:3ir 0:3iv 0:3ix 0:3do 0:3j1 0:3j3 0:3dp 0:3dq 0:3ds 0:3du 0:3dv 0:3dz 0:3e1 0:3e3 0:3e4\
 0:3e5 0:3e6 0:3e7 0:3ea 0:3ee 0:3eo 0:3ev 0:3f0 0:3jl 0:3jm 0:3fb 0:3fc 0:3fd 0:3gk 0:3gl 0:3go 0:3gx 0:3gy 0\
:3h0 0:3ha 0:3hd 3:feo 0:fik 0:fex 0:h5n 0:fey 0:ffx 0:fez 0:n5e 0:fh5 0:ffd 0:fep 0:hm1 0:h80 0:fju 2o:14,3cw\
,15 0:14,3cy,15 0:14,3cz,15 0:14,3d1,15 0:14,3d2,15 0:14,3d3,15 0:14,3d5,15 0:14,3d7,15 0:14,3d8,15 0:14,3da,1\
5 0:14,3db,15 0:14,3dc,15 0:14,3dd,15 0:14,3de,15 0:14,3cw,3fl,15 0:14,3cy,3fl,15 0:14,3cz,3fl,15 0:14,3d1,3fl\
,15 0:14,3d2,3fl,15 0:14,3d3,3fl,15 0:14,3d5,3fl,15 0:14,3d7,3fl,15 0:14,3d8,3fl,15 0:14,3da,3fl,15 0:14,3db,3\
fl,15 0:14,3dc,3fl,15 0:14,3dd,3fl,15 0:14,3de,3fl,15 0:14,3d8,3fy,15 0:14,3d7,3ft,3d8,3fp,3hn,15 0:14,3d7,3ft\
,3de,3fy,15 1:14,feo,15 0:14,fik,15 0:14,fex,15 0:14,h5n,15 0:14,fis,15 0:14,g31,15 0:14,fer,15 0:14,g2z,15 0:\
14,fh9,15 0:14,gg1,15 0:14,kco,15 0:14,m7f,15 0:14,ldg,15 0:14,kdk,15 0:14,ssx,15 0:14,h7j,15 0:14,k4l,15 0:14\
,kkq,15 0:14,kcp,15 0:14,ny6,15 0:14,glp,15 0:14,mm1,15 0:14,rs1,15 0:14,nz1,15 0:14,gc4,15 0:14,fkz,15 0:14,g\
os,15 0:14,i1y,15 0:14,nhf,15 0:14,flt,15 0:14,rt3,15 0:14,ggk,15 0:14,nzh,15 0:14,fm9,15 0:14,pnu,15 0:14,po3\
,15 0:gun 0:inw 0:k1z 0:oen 8:28,2c,1x 0:1e,1d 0:1e,1e 0:1e,1f 0:1e,1g 0:1e,1h 0:1e,1i 0:1e,1j 0:1e,1k 0:1e,1l\
 0:1f,1c 0:1f,1d 0:1f,1e 0:1f,1f 0:1f,1g 0:1f,1h 0:3cw 0:3cy 0:3cz 0:3d1 0:3d2 0:3d3 0:3d5 0:3d7 0:3d8 0:3da 0\
:3db 0:3dc 0:3dd 0:3de 0:3cw,3fl 0:3cy,3fl 0:3cz,3fl 0:3d1,3fl 0:3d2,3fl 0:3d3,3fl 0:3d5,3fl 0:3d7,3fl 0:3d8,3\
fl 0:3da,3fl 0:3db,3fl 0:3dc,3fl 0:3dd,3fl 0:3de,3fl 0:3da,3fl,3hz,3cw,3ft 0:3d8,3fy,3d7,3g4 0:3d7,3fy 1:feo 0\
:fik 0:fex 0:h5n 0:fis 0:g31 0:fer 0:g2z 0:fh9 0:gg1 0:kco 0:m7f 0:ldg 0:kdk 0:ssx 0:h7j 0:k4l 0:kkq 0:kcp 0:n\
y6 0:glp 0:mm1 0:rs1 0:nz1 0:gc4 0:o2g 0:n5j 0:ho3 0:six 0:g16 0:ghc 0:lig 0:u11 0:fm9 0:g49 0:l7n 0:fey 0:ffx\
 0:fez 0:ijq 0:gkz 0:gfv 0:i3b 0:i1y 0:nhf 0:flt 0:rt3 0:ggk 0:hlo 0:1f,1i 0:1f,1j 0:1f,1k 0:1f,1l 0:1g,1c 0:1\
g,1d 0:1g,1e 0:1g,1f 0:1g,1g 0:1g,1h 0:1g,1i 0:1g,1j 0:1g,1k 0:1g,1l 0:1h,1c 0:1d,kco 0:1e,kco 0:1f,kco 0:1g,k\
co 0:1h,kco 0:1i,kco 0:1j,kco 0:1k,kco 0:1l,kco 0:1d,1c,kco 0:1d,1d,kco 0:1d,1e,kco 0:20,2v 0:2t,36,2v 0:2t,2e\
 0:24,2c,1w 0:9lu 0:9lw 0:9ly 0:9m0 0:9m2 0:9m3 0:9m5 0:9m7 0:9m9 0:9mb 0:9md 0:9mf 0:9mh 0:9mj 0:9ml 0:9mn 0:\
9mp 0:9ms 0:9mu 0:9mw 0:9my 0:9mz 0:9n0 0:9n1 0:9n2 0:9n3 0:9n6 0:9n9 0:9nc 0:9nf 0:9ni 0:9nj 0:9nk 0:9nl 0:9n\
m 0:9no 0:9nq 0:9ns 0:9nt 0:9nu 0:9nv 0:9nw 0:9nx 0:9nz 0:9o0 0:9o1 0:9o2 1:9lu,9n3,9lm,9oc,9mw 0:9lu,9nv,9n9,\
9lt 0:9lu,9o3,9nc,9lm,9lu 0:9lu,9oc,9nv 0:9lw,9mz,9o3,9m7,9ll 0:9lw,9o3,9mp 0:9ly,9m1,9o3 0:9m0,9mh,9m7,9oc,9m\
w,9ll 0:9m0,9oc,9m3,9oc 0:9m2,9o3,9mh 0:9m2,9oc,9nk 0:9m3,9lw,9nu 0:9m3,9nt,9mr,9mw 0:9m3,9nx,9nu,9oc 0:9m3,9l\
l,9nx,9o3 0:9m3,9ll,9o3,9ni 0:9m5,9ll,9m3,9ll 0:9m5,9ll,9mz,9oc 0:9m5,9np,9nu,9oc 0:9m5,9ll,9nv,9mn,9ll,9oc 0:\
9m5,9nx 0:9m5,9nx,9m7,9ll,9nt,9nk 0:9m5,9nx,9nl,9oc,9mw,9nv 0:9m5,9nx,9nz,9mr,9mw 0:9m7,9ll,9nt,9nk 0:9m7,9ll,\
9nt,9nk,9mw,9o3 0:9m7,9nv,9mj,9ll,9lw,9nx 0:9m7,9nx,9oc,9n1 0:9m9,9oc,9mh 0:9mb,9nv,9my 0:9mb,9oc,9nf,9lm 0:9m\
d,9lw,9m7,9nv 0:9md,9o3,9mp,9oc,9nk 0:9mf,9nu,9o3,9m7,9ll 0:9mj,9o3,9mp 0:9mj,9o3,9mw 0:9mn,9ll,9oc,9mh 0:9mu,\
9ll,9mf 0:9mw,9ll,9nv 0:9mw,9o3 0:9my,9n2 0:9n2,9mr,9mw 0:9n3,9lw,9ms 0:9n3,9lm,9oc,9mj,9o3,9mw 0:9n3,9lm,9oc,\
9ms 0:9n3,9ll,9oc,9nw,9nv 0:9n6,9lm,9lu,9mh,9mw,9nv 0:9n6,9lm,9m7,9nv 0:9n6,9lm,9mb 0:9n6,9ll,9nv 0:9n9,9lt,9n\
t,9mr,9mw,9ll 0:9n9,9lv,9oc,9mw 0:9n9,9ll,9mr,9mf,9lz,9nv 0:9n9,9nt,9o3 0:9nc,9m7,9mn,9oc,9nv 0:9nc,9lm,9ml 0:\
9nc,9lm,9mz,9n6 0:9nc,9nv,9ms 0:9nc,9lm,9o3,9mh 0:9nc,9lm,9oc,9mf,9ll 0:9nc,9ll,9oc,9mn 0:9nf,9lm,9lw,9o3,9mw \
0:9nf,9ll,9nv,9mw 0:9nf,9o3 0:9nf,9lm,9o3,9mw,9ll 0:9nf,9oc,9nv 0:9nf,9oc,9o3 0:9ni,9lw,9m7,9nx 0:9ni,9lw,9nv \
0:9ni,9mr,9n3 0:9ni,9nv,9m7 0:9ni,9o3,9mf,9nr,9o3 0:9nj,9m7,9nx,9o3 0:9nj,9nu 0:9nj,9nu,9n3,9ll,9oc,9nv 0:9nl,\
9m3,9ll 0:9nl,9m3,9ll,9mw,9o3 0:9nl,9oc,9mw,9nv 0:9no,9oc,9mw,9ll 0:9no,9oc,9nv 0:9nq,9lu,9o3 0:9nu,9mr,9mw,9n\
v 0:9nu,9nt 0:9nv,9n6,9lm,9oc 0:9nv,9oc,9n9,9ll,9nv 0:9nw,9nk 0:9nw,9o3,9mw,9m9,9ll,9o3 0:9nz,9mr,9mw 0:1c,m9l\
 0:1d,m9l 0:1e,m9l 0:1f,m9l 0:1g,m9l 0:1h,m9l 0:1i,m9l 0:1j,m9l 0:1k,m9l 0:1l,m9l 0:1d,1c,m9l 0:1d,1d,m9l 0:1d\
,1e,m9l 0:1d,1f,m9l 0:1d,1g,m9l 0:1d,1h,m9l 0:1d,1i,m9l 0:1d,1j,m9l 0:1d,1k,m9l 0:1d,1l,m9l 0:1e,1c,m9l 0:1e,1\
d,m9l 0:1e,1e,m9l 0:1e,1f,m9l 0:1e,1g,m9l 0:2w,28,2p 0:2s,2p 0:1t,2d 0:2q,2p,36 0:33,2e 0:34,2r 0:2s,31 0:2s,3\
1,1e 0:2s,31,1f 0:21,2d 0:inn,jdc 0:k6l,gp8 0:hlz,l7n 0:k5q,lh7 0:kkq,irz,fmi,ny6 0:34,1t 0:32,1t 0:qk,1t 0:31\
,1t 0:2z,1t 0:23,1u 0:25,1u 0:1z,1u 0:2r,2p,30 0:2z,2r,2p,30 0:34,1y 0:32,1y 0:qk,1y 0:qk,2v 0:31,2v 0:2z,2v 0\
:20,3e 0:2z,20,3e 0:25,20,3e 0:1z,20,3e 0:2c,20,3e 0:qk,30 0:31,30 0:2s,30 0:2z,30 0:2u,31 0:32,31 0:qk,31 0:3\
1,31 0:2r,31 0:2z,31 0:31,31,1e 0:2r,31,1e 0:31,1e 0:2z,31,1e 0:31,31,1f 0:2r,31,1f 0:31,1f 0:2z,31,1f 0:31,6q\
d,37 0:31,6qd,37,1e 0:28,2p 0:2z,28,2p 0:25,28,2p 0:1z,28,2p 0:36,2p,2s 0:36,2p,2s,6qd,37 0:36,2p,2s,6qd,37,1e\
 0:34,37 0:32,37 0:qk,37 0:31,37 0:34,2e 0:32,2e 0:qk,2e 0:31,2e 0:2z,2e 0:25,2e 0:34,2f 0:32,2f 0:qk,2f 0:31,\
2f 0:2z,2f 0:25,2f 0:2z,q1 0:25,q1 0:2p,1a,31,1a 0:1u,35 0:2r,2r 0:2r,2s 0:1v,6qd,2z,2v 0:1v,33,1a 0:2s,1u 0:1\
z,3d 0:2w,2p 0:20,28 0:2x,32 0:23,23 0:23,25 0:2z,38 0:30,31 0:30,32 0:30,33,2v 0:30,3c 0:31,2q 0:31,2x,30 0:3\
1,33,30 0:28,20 0:34,1a,31,1a 0:28,28,25 0:28,2a 0:37,36 0:2b,3a 0:2f,2q 0:2e,6qd,31 0:1t,6qd,31 0:1d,k4l 0:1e\
,k4l 0:1f,k4l 0:1g,k4l 0:1h,k4l 0:1i,k4l 0:1j,k4l 0:1k,k4l 0:1l,k4l 0:1d,1c,k4l 0:1d,1d,k4l 0:1d,1e,k4l 0:1d,1\
f,k4l 0:1d,1g,k4l 0:1d,1h,k4l 0:1d,1i,k4l 0:1d,1j,k4l 0:1d,1k,k4l 0:1d,1l,k4l 0:1e,1c,k4l 0:1e,1d,k4l 0:1e,1e,\
k4l 0:1e,1f,k4l 0:1e,1g,k4l 0:1e,1h,k4l 0:1e,1i,k4l 0:1e,1j,k4l 0:1e,1k,k4l 0:1e,1l,k4l 0:1f,1c,k4l 0:1f,1d,k4\
l 0:2v,2p,30 mn0:ui 0:uk 5u:x2n 3r:86 0:9f o2:x0n 0:xtj 0:h7 0:xua fc0:rpk 0:kc4 0:s7e 0:rt4 0:lw1 0:fg2 0:gkl\
 0:vj0 0:vj0 0:hn5 0:ssx 0:gw7 0:hmw 0:jcm 0:ne1 0:p6t 0:qin 0:qt6 0:r20 0:sjz 0:kxu 0:ljv 0:mah 0:mvy 0:q4d 0\
:sq2 0:uep 0:fia 0:ghh 0:l50 0:mjf 0:qi5 0:v8e 0:ifk 0:m3v 0:qfh 0:r50 0:jih 0:pnc 0:qvz 0:iq2 0:kd3 0:lm2 0:m\
po 0:slq 0:fpi 0:g53 0:gda 0:jwk 0:l3n 0:mj4 0:nhj 0:pa9 0:qh2 0:qjg 0:s1b 0:tv6 0:upb 0:v7e 0:nt8 0:nzz 0:otc\
 0:q15 0:t1g 0:vb3 0:rfa 0:hjz 0:iro 0:okg 0:pdq 0:mle 0:nuy 0:rsy 0:ttj 0:hjs 0:i8y 0:kyb 0:lp6 0:lxr 0:oq7 0\
:oxj 0:tor 0:gcy 0:pe3 0:g64 0:g5o 0:o4c 0:ou6 0:q29 0:tpx 0:rk0 0:jin 0:kxu 0:rge 0:fg9 0:i5j 0:iz6 0:mtj 0:n\
74 0:gev 0:nwb 0:fr3 0:iw9 0:ff1 0:lho 0:k1k 0:opu 0:gjn 0:hge 0:ni9 0:q4p 0:re2 0:la2 0:sds 0:lfs 0:jjy 0:put\
 0:jog 0:n6t 0:fji 0:g2x 0:g5l 0:kn5 0:oo7 0:prj 0:rf6 0:ssv 0:gdx 0:gn6 0:ho3 0:ir0 0:k3p 0:m4e 0:nxm 0:tkd 0\
:ui2 0:vbr 0:vda 0:gbf 0:kau 0:l87 0:sbm 0:ino 0:j9s 0:jcw 0:jve 0:lyb 0:mdl 0:n0p 0:o22 0:ovo 0:pdb 0:s9y 0:q\
9a 0:sgz 0:t3e 0:g7r 0:gbn 0:gql 0:ma0 0:r0i 0:re2 0:iq1 0:iyd 0:jnf 0:l9q 0:oji 0:mt1 0:fl0 0:h6h 0:i5j 0:iii\
 0:izg 0:muq 0:mzt 0:p7e 0:pc6 0:svo 0:tti 0:tvs 0:u1k 0:fpn 0:o1a 0:ss4 0:trs 0:j4x 0:fie 0:fyy 0:i5q 0:i7z 0\
:k2h 0:kxu 0:mha 0:ncy 0:q9o 0:sjg 0:vil 0:k94 0:tny 0:gax 0:kfv 0:kj7 0:lkx 0:luk 0:mx5 0:n6h 0:nsb 0:opc 0:u\
3i 0:g31 0:je6 0:tq0 0:fu3 0:ie1 0:lpm 0:sa2 0:ivf 0:j7o 0:kk7 0:mtj 0:tqe 0:g89 0:glr 0:i91 0:k5v 0:kem 0:ko8\
 0:lid 0:mx2 0:naa 0:p6h 0:r0v 0:r1d 0:sss 0:tsy 0:gfz 0:lve 0:gm5 0:mhc 0:n14 0:qgq 0:tr7 0:uvr 0:vbz 0:kgn 0\
:lor 0:pns 0:o97 0:obk 0:olu 0:mo0 0:m8p 0:riw 0:fk0 0:px2 0:g8q 0:g7b 0:ip2 0:jir 0:onq 0:i2t 0:ljy 0:kac 0:s\
aj 0:qx8 0:tot 0:r63 0:iqb 0:g1s 0:gxs 2:hga 1:k8k 2:g66 0:mqy 0:ngq 0:ny4 0:nz2 0:nz9 0:o0f 0:tw6 0:on2 0:p8d\
 1:qhe 1:rg8 2:shk 0:sn1 3:u7j 0:u7w 0:u94 0:v5g 0:sm6 0:trr 0:fqm 0:fzb 0:g25 0:gcp 0:gdg 0:ggh 0:gwt 0:gzq 0\
:h2g 0:hfk 0:hig 0:i90 0:i9a 0:j2s 0:j8o 0:j9q 0:jci 0:k0f 0:k4i 0:k9d 0:kn9 0:lmf 0:lqy 0:lya 0:mem 0:mjv 0:m\
xu 0:ntd 0:ny6 0:nyh 0:nyg 0:nyo 0:nyu 0:nz1 0:o0d 0:o0e 0:o5c 0:o75 0:og0 0:ovo 0:ow9 0:oxt 0:p6a 0:pad 0:pnx\
 0:prt 0:prt 0:q53 0:r2o 0:r6e 0:rgh 0:ri1 0:rtf 0:ruw 0:sdy 0:shk 0:tsz 0:u0v 0:u2j 0:j1x 0:36cu 0:pp4 2:ffq \
0:g51 0:g2w 0:fpc 0:g1x 0:g3k 0:gcn 0:ge2 0:gwt 0:gut 0:gwp 0:gyq 0:hga 0:hir 0:hms 0:hn8 0:huq 0:i08 0:iqa 0:\
iqh 0:iuh 0:iwd 0:j4o 0:j7y 0:j60 0:j9q 0:j8g 0:jci 0:jec 0:jpg 0:jrw 0:jte 0:k0m 0:k8k 0:kd3 0:kd7 0:keu 0:l8\
9 0:la2 0:lkx 0:lwb 0:lvv 0:lya 0:m5a 0:mem 0:nmv 0:mk5 0:mnj 0:mqy 0:n01 0:n46 0:n5n 0:nbx 0:nbz 0:ngq 0:nh7 \
0:nhw 0:nka 0:nk0 0:nv0 0:o8h 0:og0 0:ol7 0:orf 0:ovo 0:p4u 0:pad 0:pxu 0:q27 0:qrd 0:r41 0:r5y 0:r6e 0:ren 0:\
rg8 0:rez 0:rgh 0:rge 0:rfx 0:ri1 0:rka 0:ruw 0:sag 0:sj6 0:srd 0:sxi 0:tq4 0:tsz 0:tw6 0:tzv 0:u0v 0:u17 0:u2\
j 0:umq 0:vj0 0:313e 0:3138 0:33dh 0:brx 0:cns 0:cop 0:39e1 0:3bgw 0:3i6r 0:vgj 0:vim 12:2u,2u 0:2u,2x 0:2u,30\
 0:2u,2u,2x 0:2u,2u,30 0:37,38 0:37,38 c:12s,12u 0:12s,12d 0:12s,12j 0:132,12u 0:12s,12l 5:15l,14k 1:16a,14n 0\
:15u 0:15c 0:15f 0:15g 0:15n 0:15o 0:15p 0:160 0:162 0:17 0:161,14x 0:161,14y 0:161,14s,14x 0:161,14s,14y 0:15\
c,14n 0:15c,14o 0:15c,14s 0:15d,14s 0:15e,14s 0:15f,14s 0:15g,14s 0:15h,14s 0:15i,14s 1:15k,14s 0:15l,14s 0:15\
m,14s 0:15n,14s 0:15o,14s 1:15q,14s 1:15s,14s 0:15t,14s 1:15v,14s 0:15w,14s 1:15y,14s 0:15z,14s 0:160,14s 0:16\
1,14s 0:162,14s 0:15h,14p 0:15d,14v 0:15n,14v 0:15w,14v 0:15c,15o 0:19t 0:19t 0:1a3 0:1a3 0:1a3 0:1a3 0:1a6 0:\
1a6 0:1a6 0:1a6 0:1a8 0:1a8 0:1a8 0:1a8 0:1a2 0:1a2 0:1a2 0:1a2 0:1a7 0:1a7 0:1a7 0:1a7 0:1a1 0:1a1 0:1a1 0:1a\
1 0:1b8 0:1b8 0:1b8 0:1b8 0:1ba 0:1ba 0:1ba 0:1ba 0:1ac 0:1ac 0:1ac 0:1ac 0:1ab 0:1ab 0:1ab 0:1ab 0:1ae 0:1ae \
0:1ae 0:1ae 0:1af 0:1af 0:1af 0:1af 0:1al 0:1al 0:1ak 0:1ak 0:1am 0:1am 0:1ag 0:1ag 0:1aw 0:1aw 0:1ap 0:1ap 0:\
1bd 0:1bd 0:1bd 0:1bd 0:1bj 0:1bj 0:1bj 0:1bj 0:1bn 0:1bn 0:1bn 0:1bn 0:1bl 0:1bl 0:1bl 0:1bl 0:1bu 0:1bu 0:1b\
v 0:1bv 0:1bv 0:1bv 0:1cl,190 0:1cl,190 0:1c1 0:1c1 0:1c1 0:1c1 0:1by 0:1by 0:1by 0:1by 0:1ci 0:1ci 0:1ci,190 \
0:1ci,190 x:1bh 0:1bh 0:1bh 0:1bh 0:1c7 0:1c7 0:1c6 0:1c6 0:1c8 0:1c8 0:1c7,19w 0:1cb 0:1cb 0:1c5 0:1c5 0:1c9 \
0:1c9 0:1cg 0:1cg 0:1cg 0:1cg 0:18p 0:18p 0:18q,190,17r 0:18q,190,17r 0:18q,190,1cl 0:18q,190,1cl 0:18q,190,18\
o 0:18q,190,18o 0:18q,190,1c7 0:18q,190,1c7 0:18q,190,1c6 0:18q,190,1c6 0:18q,190,1c8 0:18q,190,1c8 0:18q,190,\
1cg 0:18q,190,1cg 0:18q,190,1cg 0:18q,190,18p 0:18q,190,18p 0:18q,190,18p 0:1cc 0:1cc 0:1cc 0:1cc 0:18q,190,17\
w 0:18q,190,17x 0:18q,190,18l 0:18q,190,18p 0:18q,190,18q 0:17s,17w 0:17s,17x 0:17s,17y 0:17s,18l 0:17s,18p 0:\
17s,18q 0:17u,17w 0:17u,17x 0:17u,17y 0:17u,18l 0:17u,18p 0:17u,18q 0:17v,17w 0:17v,18l 0:17v,18p 0:17v,18q 0:\
17w,17x 0:17w,18l 0:17x,17w 0:17x,18l 0:17y,17w 0:17y,17x 0:17y,18l 0:183,17w 0:183,17x 0:183,17y 0:183,18l 0:\
185,17x 0:185,18l 0:186,17w 0:186,17x 0:186,17y 0:186,18l 0:187,17x 0:187,18l 0:188,18l 0:189,17w 0:189,18l 0:\
18a,17w 0:18a,18l 0:18h,17w 0:18h,17x 0:18h,17y 0:18h,18l 0:18h,18p 0:18h,18q 0:18i,17x 0:18i,18l 0:18i,18p 0:\
18i,18q 0:18j,17r 0:18j,17w 0:18j,17x 0:18j,17y 0:18j,18k 0:18j,18l 0:18j,18p 0:18j,18q 0:18k,17w 0:18k,17x 0:\
18k,17y 0:18k,18l 0:18k,18p 0:18k,18q 0:18l,17w 0:18l,17x 0:18l,17y 0:18l,18l 0:18l,18p 0:18l,18q 0:18m,17w 0:\
18m,17x 0:18m,17y 0:18m,18l 0:18m,18p 0:18m,18q 0:18n,17w 0:18n,18l 0:18n,18p 0:18n,18q 0:18q,17w 0:18q,17x 0:\
18q,17y 0:18q,18l 0:18q,18p 0:18q,18q 0:180,19s 0:181,19s 0:18p,19s 0:w,18s,18x 0:w,18t,18x 0:w,18u,18x 0:w,18\
v,18x 0:w,18w,18x 0:w,18x,19s 0:18q,190,181 0:18q,190,182 0:18q,190,18l 0:18q,190,18m 0:18q,190,18p 0:18q,190,\
18q 0:17s,181 0:17s,182 0:17s,18l 0:17s,18m 0:17s,18p 0:17s,18q 0:17u,181 0:17u,182 0:17u,18l 0:17u,18m 0:17u,\
18p 0:17u,18q 0:17v,181 0:17v,182 0:17v,18l 0:17v,18m 0:17v,18p 0:17v,18q 0:18h,18p 0:18h,18q 0:18i,18p 0:18i,\
18q 0:18j,17r 0:18j,18k 0:18j,18l 0:18j,18p 0:18j,18q 0:18k,18l 0:18k,18p 0:18k,18q 0:18l,17r 0:18l,18l 0:18m,\
181 0:18m,182 0:18m,18l 0:18m,18m 0:18m,18p 0:18m,18q 0:18p,19s 0:18q,181 0:18q,182 0:18q,18l 0:18q,18m 0:18q,\
18p 0:18q,18q 0:18q,190,17w 0:18q,190,17x 0:18q,190,17y 0:18q,190,18l 0:18q,190,18n 0:17s,17w 0:17s,17x 0:17s,\
17y 0:17s,18l 0:17s,18n 0:17u,17w 0:17u,17x 0:17u,17y 0:17u,18l 0:17u,18n 0:17v,18l 0:17w,17x 0:17w,18l 0:17x,\
17w 0:17x,18l 0:17y,17w 0:17y,18l 0:183,17w 0:183,17x 0:183,17y 0:183,18l 0:185,17x 0:185,17y 0:185,18l 0:186,\
17w 0:186,17x 0:186,17y 0:186,18l 0:187,17x 0:188,18l 0:189,17w 0:189,18l 0:18a,17w 0:18a,18l 0:18h,17w 0:18h,\
17x 0:18h,17y 0:18h,18l 0:18i,17x 0:18i,18l 0:18j,17w 0:18j,17x 0:18j,17y 0:18j,18k 0:18j,18l 0:18k,17w 0:18k,\
17x 0:18k,17y 0:18k,18l 0:18k,18n 0:18l,17w 0:18l,17x 0:18l,17y 0:18l,18l 0:18m,17w 0:18m,17x 0:18m,17y 0:18m,\
18l 0:18m,18n 0:18n,17w 0:18n,18l 0:18n,19s 0:18q,17w 0:18q,17x 0:18q,17y 0:18q,18l 0:18q,18n 0:18q,190,18l 0:\
18q,190,18n 0:17s,18l 0:17s,18n 0:17u,18l 0:17u,18n 0:17v,18l 0:17v,18n 0:183,18l 0:183,18n 0:184,18l 0:184,18\
n 0:18j,18k 0:18j,18l 0:18k,18l 0:18m,18l 0:18m,18n 0:18q,18l 0:18q,18n 0:18g,18u,18x 0:18g,18v,18x 0:18g,18w,\
18x 0:187,18p 0:187,18q 0:189,18p 0:189,18q 0:18a,18p 0:18a,18q 0:183,18p 0:183,18q 0:184,18p 0:184,18q 0:17x,\
18p 0:17x,18q 0:17w,18p 0:17w,18q 0:17y,18p 0:17y,18q 0:185,18p 0:185,18q 0:186,18p 0:186,18q 0:184,17w 0:184,\
17x 0:184,17y 0:184,18l 0:184,181 0:183,181 0:185,181 0:186,181 0:187,18p 0:187,18q 0:189,18p 0:189,18q 0:18a,\
18p 0:18a,18q 0:183,18p 0:183,18q 0:184,18p 0:184,18q 0:17x,18p 0:17x,18q 0:17w,18p 0:17w,18q 0:17y,18p 0:17y,\
18q 0:185,18p 0:185,18q 0:186,18p 0:186,18q 0:184,17w 0:184,17x 0:184,17y 0:184,18l 0:184,181 0:183,181 0:185,\
181 0:186,181 0:184,17w 0:184,17x 0:184,17y 0:184,18l 0:183,18n 0:184,18n 0:187,18l 0:183,17w 0:183,17x 0:183,\
17y 0:184,17w 0:184,17x 0:184,17y 0:187,18l 0:188,18l 0:17r,18r 0:17r,18r i:17u,17w,18l 0:17u,17x,17w 0:17u,17\
x,17w 0:17u,17x,18l 0:17u,17y,18l 0:17u,18l,17w 0:17u,18l,17x 0:17u,18l,17y 0:17w,18l,17x 0:17w,18l,17x 0:17x,\
18l,18q 0:17x,18l,18p 0:183,17x,17w 0:183,17w,17x 0:183,17w,18p 0:183,18l,17x 0:183,18l,17x 0:183,18l,17w 0:18\
3,18l,18l 0:183,18l,18l 0:185,17x,17x 0:185,17x,17x 0:185,18l,18l 0:184,17x,18l 0:184,17x,18l 0:184,17w,18q 0:\
184,18l,17y 0:184,18l,17y 0:184,18l,18l 0:184,18l,18l 0:186,17x,18p 0:186,17y,18l 0:186,17y,18l 0:187,18l,17x \
0:187,18l,17x 0:187,18l,18l 0:187,18l,18q 0:189,17w,18l 0:189,18l,18l 0:189,18l,18l 0:189,18l,18p 0:18a,18l,18\
l 0:18a,18l,18q 0:18a,18l,18p 0:18h,17y,18l 0:18h,17y,18l 0:18i,18l,17x 0:18i,18l,18l 0:18k,17x,18l 0:18k,17x,\
18q 0:18k,17x,18p 0:18k,17w,17w 0:18k,17w,17w 0:18k,17y,18l 0:18k,17y,18l 0:18k,18l,17x 0:18k,18l,17x 0:18l,17\
x,17w 0:18l,17x,18l 0:18l,17x,18q 0:18l,17w,17x 0:18l,17w,18l 0:18l,17y,17w 0:18l,17y,18l 2:18l,17w,17y 0:18n,\
18l,17w 0:18n,18l,18l 0:18m,17x,18l 0:18m,17x,18p 0:18m,17w,18l 0:18m,17w,18l 0:18m,17w,18p 0:18m,18l,18q 0:18\
m,18l,18p 0:18q,18l,18l 0:18q,18l,18l 0:17s,17y,18q 0:17u,17w,18q 0:17u,17w,18p 0:17u,17y,18q 0:17u,17y,18p 0:\
17u,18l,18q 0:17u,18l,18p 0:17w,18l,18q 0:17w,17x,18p 0:17w,18l,18p 0:183,17y,18p 0:185,17x,18q 0:184,17x,18q \
0:186,17x,18q 0:18k,17w,18q 0:18k,18l,18q 0:18q,17x,18q 0:18q,17w,18q 0:18q,18l,18q 0:18l,18l,18q 0:18i,18l,18\
q 0:18m,17x,18q 0:18i,18l,17x 0:18k,17x,18l 0:189,18l,18q 0:18j,18l,18q 0:18m,17w,17x 0:18l,17y,18q 0:18k,17w,\
18l 0:18j,18l,18l 0:18k,17w,18l 0:18m,17w,17x 0:17w,17x,18q 0:17x,17w,18q 0:18l,17w,18q 0:18h,18l,18q 0:17s,17\
x,18q 0:18j,18l,18l 0:189,17w,18l 0:185,18l,18l 0:183,17y,18q 0:18m,17w,18q 14:185,18k,1ci 0:18i,18k,1ci 0:17r\
,18k,18k,18n 0:17r,18j,17s,181 0:18l,17x,18l,17z 0:185,18k,189,18l 0:181,183,18o,18k 0:189,18k,18q,18n 0:18o,1\
83,18k,18l 0:185,18k,18p 0:185,18k,18p,w,17r,18k,18k,18n,w,189,18k,18q,18n,w,18o,183,18k,18l 0:17w,18k,w,17w,1\
8k,17r,18k,18n 0:181,1cc,17r,18k j:18 0:9hd 0:9he 0:1m 0:1n 0:x 0:1r 0:9hy 0:9hz 0:1a,1a,1a m:1a,1a 0:6c4 0:6c\
3 0:2n 0:2n 0:14 0:15 0:3f 0:3h 0:9hw 0:9hx 0:9hs 0:9ht 0:9hm 0:9hn 0:9hk 0:9hl 0:9ho 0:9hp 0:9hq 0:9hr 2:2j 0\
:2l 0:w,lh 0:w,lh 0:w,lh 0:w,lh 0:2n 0:2n 0:2n 0:18 0:9hd 0:1a 1:1n 0:1m 0:1r 0:x 0:6c4 0:14 0:15 0:3f 0:3h 0:\
9hw 0:9hx 0:z 0:12 0:16 0:17 0:19 0:1o 0:1q 0:1p 1:2k 0:10 0:11 0:1s 4:w,18r 0:18g,18r 0:w,18s 1:w,18t 1:w,18u\
 0:18g,18u 0:w,18v 0:18g,18v 0:w,18w 0:18g,18w 0:w,18x 0:18g,18x 0:w,18y 0:18g,18y 0:17l 0:17r,18z 0:17r,18z 0\
:17r,190 0:17r,190 0:18o,190 0:18o,190 0:17r,191 0:17r,191 0:18q,190 0:18q,190 0:18q,190 0:18q,190 0:17r 0:17r\
 0:17s 0:17s 0:17s 0:17s 0:17t 0:17t 0:17u 0:17u 0:17u 0:17u 0:17v 0:17v 0:17v 0:17v 0:17w 0:17w 0:17w 0:17w 0\
:17x 0:17x 0:17x 0:17x 0:17y 0:17y 0:17y 0:17y 0:17z 0:17z 0:180 0:180 0:181 0:181 0:182 0:182 0:183 0:183 0:1\
83 0:183 0:184 0:184 0:184 0:184 0:185 0:185 0:185 0:185 0:186 0:186 0:186 0:186 0:187 0:187 0:187 0:187 0:188\
 0:188 0:188 0:188 0:189 0:189 0:189 0:189 0:18a 0:18a 0:18a 0:18a 0:18h 0:18h 0:18h 0:18h 0:18i 0:18i 0:18i 0\
:18i 0:18j 0:18j 0:18j 0:18j 0:18k 0:18k 0:18k 0:18k 0:18l 0:18l 0:18l 0:18l 0:18m 0:18m 0:18m 0:18m 0:18n 0:1\
8n 0:18n 0:18n 0:18o 0:18o 0:18p 0:18p 0:18q 0:18q 0:18q 0:18q 0:18k,17r,18z 0:18k,17r,18z 0:18k,17r,190 0:18k\
,17r,190 0:18k,17r,191 0:18k,17r,191 0:18k,17r 0:18k,17r 4:x 0:y 0:z 0:10 0:11 0:12 0:13 0:14 0:15 0:16 0:17 0\
:18 0:19 0:1a 0:1b 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1l 0:1m 0:1n 0:1o 0:1p 0:1q 0:1r 0:1s 0:1t 0\
:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0\
:2g 0:2h 0:2i 0:2j 0:2k 0:2l 0:2m 0:2n 0:2o 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0\
:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:3f 0:3g 0:3h 0:3i 0:879 0:87a 0:9he 0:9ho 0:\
9hp 0:9hd 0:9ob 0:9o2 0:9lt 0:9lv 0:9lx 0:9lz 0:9m1 0:9nn 0:9np 0:9nr 0:9mr 0:9oc 0:9lu 0:9lw 0:9ly 0:9m0 0:9m\
2 0:9m3 0:9m5 0:9m7 0:9m9 0:9mb 0:9md 0:9mf 0:9mh 0:9mj 0:9ml 0:9mn 0:9mp 0:9ms 0:9mu 0:9mw 0:9my 0:9mz 0:9n0 \
0:9n1 0:9n2 0:9n3 0:9n6 0:9n9 0:9nc 0:9nf 0:9ni 0:9nj 0:9nk 0:9nl 0:9nm 0:9no 0:9nq 0:9ns 0:9nt 0:9nu 0:9nv 0:\
9nw 0:9nx 0:9nz 0:9o3 0:9ll 0:9lm 0:3fk 0:3cw 0:3cx 0:3hm 0:3cy 0:3ho 0:3hp 0:3cz 0:3d0 0:3d1 0:3hs 0:3ht 0:3h\
u 0:3hv 0:3hw 0:3hx 0:3dm 0:3d2 0:3d3 0:3d4 0:3dt 0:3d5 0:3d6 0:3d7 0:3d8 0:3d9 0:3da 0:3db 0:3dc 0:3dd 0:3de \
3:3fl 0:3fm 0:3fn 0:3fo 0:3fp 0:3fq 2:3fr 0:3fs 0:3ft 0:3fu 0:3fv 0:3fw 2:3fx 0:3fy 0:3fz 0:3g0 0:3g1 0:3g2 2:\
3g3 0:3g4 0:3g5 3:4i 0:4j 0:4s 0:w,lg 0:4m 0:4l 0:6g9 1:7b6 0:6mo 0:6mp 0:6mq 0:6mr 0:7fk 0:7gr 3aj:1huh,1hve \
1:1huj,1hve e:1hut,1hve 3m:1hyp,1hyf 0:1hyq,1hyf ez:1idj,1ida 0:1idj,1idz a6:1int,1inu 0:1int,1ink 1:1int,1inx\
 6z:1iuw,1iun 0:1iux,1iun 112a:2jx3,2jxh 0:2jx4,2jxh 0:2jx4,2jxh,2jxq 0:2jx4,2jxh,2jxr 0:2jx4,2jxh,2jxs 0:2jx4\
,2jxh,2jxt 0:2jx4,2jxh,2jxu 2e:2jzt,2jxh 0:2jzu,2jxh 0:2jzt,2jxh,2jxq 0:2jzu,2jxh,2jxq 0:2jzt,2jxh,2jxr 0:2jzu\
,2jxh,2jxr fz:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2\
c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:3\
4 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:2\
4 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 1:2\
x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1\
x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2\
p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3\
b 0:3c 0:3d 0:3e 0:1t 1:1v 0:1w 2:1z 2:22 0:23 2:26 0:27 0:28 0:29 1:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2\
p 0:2q 0:2r 0:2s 1:2u 1:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 1:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3\
e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2\
e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:3\
6 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 1:1w 0:1x 0:1y 0:1z 2:22 0:23 0:24 0:25 0:26 0:27 0:28 0:2\
9 1:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 1:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:3\
3 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 1:1w 0:1x 0:1y 0:1z 1:21 0:22 0:23 0:24 0:2\
5 1:27 3:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 1:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:3\
2 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:2\
2 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2\
u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1\
u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2\
g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:3\
8 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:2\
8 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:3\
0 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:2\
0 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2\
s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3\
e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2\
e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:3\
6 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:1t 0:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:2\
6 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0:2g 0:2h 0:2i 0:2p 0:2q 0:2r 0:2s 0:2t 0:2u 0:2v 0:2w 0:2x 0:2\
y 0:2z 0:30 0:31 0:32 0:33 0:34 0:35 0:36 0:37 0:38 0:39 0:3a 0:3b 0:3c 0:3d 0:3e 0:8h 0:fr 2:pd 0:pe 0:pf 0:p\
g 0:ph 0:pi 0:pj 0:pk 0:pl 0:pm 0:pn 0:po 0:pp 0:pq 0:pr 0:ps 0:pt 0:pk 0:pv 0:pw 0:px 0:py 0:pz 0:q0 0:q1 0:6\
pz 0:q9 0:qa 0:qb 0:qc 0:qd 0:qe 0:qf 0:qg 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:qn 0:qo 0:qp 0:qq 0:qr 0:qs 0:qt 0:\
qu 0:qv 0:qw 0:qx 0:6pu 0:qd 0:qg 0:qi 0:qu 0:qp 0:qo 0:pd 0:pe 0:pf 0:pg 0:ph 0:pi 0:pj 0:pk 0:pl 0:pm 0:pn 0\
:po 0:pp 0:pq 0:pr 0:ps 0:pt 0:pk 0:pv 0:pw 0:px 0:py 0:pz 0:q0 0:q1 0:6pz 0:q9 0:qa 0:qb 0:qc 0:qd 0:qe 0:qf \
0:qg 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:qn 0:qo 0:qp 0:qq 0:qr 0:qs 0:qt 0:qu 0:qv 0:qw 0:qx 0:6pu 0:qd 0:qg 0:qi\
 0:qu 0:qp 0:qo 0:pd 0:pe 0:pf 0:pg 0:ph 0:pi 0:pj 0:pk 0:pl 0:pm 0:pn 0:po 0:pp 0:pq 0:pr 0:ps 0:pt 0:pk 0:pv\
 0:pw 0:px 0:py 0:pz 0:q0 0:q1 0:6pz 0:q9 0:qa 0:qb 0:qc 0:qd 0:qe 0:qf 0:qg 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:q\
n 0:qo 0:qp 0:qq 0:qr 0:qs 0:qt 0:qu 0:qv 0:qw 0:qx 0:6pu 0:qd 0:qg 0:qi 0:qu 0:qp 0:qo 0:pd 0:pe 0:pf 0:pg 0:\
ph 0:pi 0:pj 0:pk 0:pl 0:pm 0:pn 0:po 0:pp 0:pq 0:pr 0:ps 0:pt 0:pk 0:pv 0:pw 0:px 0:py 0:pz 0:q0 0:q1 0:6pz 0\
:q9 0:qa 0:qb 0:qc 0:qd 0:qe 0:qf 0:qg 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:qn 0:qo 0:qp 0:qq 0:qr 0:qs 0:qt 0:qu 0\
:qv 0:qw 0:qx 0:6pu 0:qd 0:qg 0:qi 0:qu 0:qp 0:qo 0:pd 0:pe 0:pf 0:pg 0:ph 0:pi 0:pj 0:pk 0:pl 0:pm 0:pn 0:po \
0:pp 0:pq 0:pr 0:ps 0:pt 0:pk 0:pv 0:pw 0:px 0:py 0:pz 0:q0 0:q1 0:6pz 0:q9 0:qa 0:qb 0:qc 0:qd 0:qe 0:qf 0:qg\
 0:qh 0:qi 0:qj 0:qk 0:ql 0:qm 0:qn 0:qo 0:qp 0:qq 0:qr 0:qs 0:qt 0:qu 0:qv 0:qw 0:qx 0:6pu 0:qd 0:qg 0:qi 0:q\
u 0:qp 0:qo 0:rg 0:rh 2:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1l 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1\
j 0:1k 0:1l 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1l 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1\
l 0:1c 0:1d 0:1e 0:1f 0:1g 0:1h 0:1i 0:1j 0:1k 0:1l 4cg:17r 0:17s 0:17w 0:17z 1:18o 0:182 0:17x 0:187 0:18q 0:\
18j 0:18k 0:18l 0:18m 0:183 0:189 0:18h 0:185 0:18i 0:181 0:184 0:17u 0:17v 0:17y 0:180 0:186 0:188 0:18a 0:19\
q 0:1bu 0:1b5 0:19r 1:17s 0:17w 1:18n 2:17x 1:18q 0:18j 0:18k 0:18l 0:18m 0:183 0:189 0:18h 0:185 0:18i 1:184 \
0:17u 0:17v 0:17y 1:186 1:18a 6:17w 4:17x 1:18q 1:18k 1:18m 0:183 0:189 1:185 0:18i 1:184 2:17y 1:186 1:18a 1:\
1bu 1:19r 1:17s 0:17w 1:18n 2:17x 0:187 0:18q 0:18j 1:18l 0:18m 0:183 0:189 0:18h 0:185 0:18i 1:184 0:17u 0:17\
v 0:17y 1:186 0:188 0:18a 0:19q 1:1b5 1:17r 0:17s 0:17w 0:17z 0:18n 0:18o 0:182 0:17x 0:187 0:18q 1:18k 0:18l \
0:18m 0:183 0:189 0:18h 0:185 0:18i 0:181 0:184 0:17u 0:17v 0:17y 0:180 0:186 0:188 0:18a 5:17s 0:17w 0:17z 1:\
18o 0:182 0:17x 0:187 0:18q 1:18k 0:18l 0:18m 0:183 0:189 0:18h 0:185 0:18i 0:181 0:184 0:17u 0:17v 0:17y 0:18\
0 0:186 0:188 0:18a g4:1c,1a 0:1c,18 0:1d,18 0:1e,18 0:1f,18 0:1g,18 0:1h,18 0:1i,18 0:1j,18 0:1k,18 0:1l,18 5\
:14,1t,15 0:14,1u,15 0:14,1v,15 0:14,1w,15 0:14,1x,15 0:14,1y,15 0:14,1z,15 0:14,20,15 0:14,21,15 0:14,22,15 0\
:14,23,15 0:14,24,15 0:14,25,15 0:14,26,15 0:14,27,15 0:14,28,15 0:14,29,15 0:14,2a,15 0:14,2b,15 0:14,2c,15 0\
:14,2d,15 0:14,2e,15 0:14,2f,15 0:14,2g,15 0:14,2h,15 0:14,2i,15 0:9hw,2b,9hx 0:1v 0:2a 0:1v,1w 0:2f,2i 1:1t 0\
:1u 0:1v 0:1w 0:1x 0:1y 0:1z 0:20 0:21 0:22 0:23 0:24 0:25 0:26 0:27 0:28 0:29 0:2a 0:2b 0:2c 0:2d 0:2e 0:2f 0\
:2g 0:2h 0:2i 0:20,2e 0:25,2e 0:2b,1w 0:2b,2b 0:28,28,2e 0:2f,1v q:25,1v 0:25,1w 10:1w,22 33:9kr,9jf 0:9mb,9mb\
 0:9md d:jez 0:i1j 0:gjw 0:9mu,9ll 0:fik 0:hlm 0:r8j 0:hm1 0:fj8 0:k68 0:mch 0:k2h 0:g99 0:ivg 0:g3x 0:k34 0:g\
7x 0:oqq 0:n4v 0:rs9 0:hkg 0:gmx 0:lxw 0:jh1 0:jmd 0:feo 0:fex 0:si2 0:ijq 0:ffx 0:gkz 0:jk7 0:rxs 0:jf7 0:o01\
 0:o6y 0:glk 0:lts 0:kcp 0:kco 0:n5f 0:gaa 0:gxi 0:sp9 4:9hw,kdo,9hx 0:9hw,fex,9hx 0:9hw,fik,9hx 0:9hw,i2x,9hx\
 0:9hw,m9l,9hx 0:9hw,jf7,9hx 0:9hw,nh3,9hx 0:9hw,gd9,9hx 0:9hw,k0n,9hx 7:ivr 0:gkv 1fou:fgd 0:fg8 0:fgh 0:2tcy\
 0:fog 0:fqm 0:fqz 0:fsy 0:fwa 0:fx5 0:fzb 0:fyn 0:ae6 0:2ud6 0:g25 0:g2c 0:g2s 0:g3b 0:2u58 0:aex 0:g2v 0:g3x\
 0:2u6j 0:g47 0:g4k 0:fkc 0:g4s 0:g51 0:3ly7 0:g6t 0:g77 0:afz 0:g8r 0:g92 0:gaa 0:gaf 0:ahh 0:gcn 0:gcp 0:gdg\
 0:ge2 0:ged 0:gee 0:gev 0:gg9 0:ggh 0:ggq 0:ghf 0:ghp 0:ghr 0:ghr 0:ghr 0:2v58 0:m7k 0:gju 0:gkf 0:2vdv 0:gkr\
 0:gkx 0:gli 0:gpq 0:gmw 0:gnc 0:go8 0:gpu 0:gs6 0:gsw 0:gur 0:gv7 0:gw4 0:gw4 0:gwp 0:gx7 0:gxf 0:gxu 0:h7a 0\
:gzq 0:h7b 0:h1t 0:h2s 0:g7b 0:hke 0:hce 0:hdg 0:he5 0:haj 0:hf6 0:hf5 0:hik 0:2x9g 0:hki 0:hkn 0:hl2 0:hlm 0:\
hlu 0:hnm 0:2xm0 0:2xnu 0:hrg 0:hsr 0:ht3 0:hqw 0:huu 0:aum 0:av0 0:hzc 0:i0u 0:i0u 0:2y88 0:i4j 0:i54 0:i5j 0\
:i5v 0:2yhk 0:i67 0:i6e 0:itv 0:i76 0:ayp 0:i8w 0:i9a 0:ibk 0:ia5 0:2z1g 0:if7 0:2z1i 0:ige 0:igb 0:igs 0:ijl \
0:ijm 0:b3j 0:ikd 0:ilk 0:im5 0:ind 0:b4y 0:2zr7 0:b5o 0:ipc 0:ipf 0:ipi 0:iq2 0:3pg2 0:iri 0:3035 0:3035 0:po\
h 0:isi 0:isi 0:b7r 0:335k 0:3cgq 0:iua 0:iuj 0:b8j 0:ivu 0:ix9 0:ixj 0:iyh 0:j29 0:bay 0:ba4 0:j2s 0:30t0 0:j\
47 0:j7s 0:j7w 0:j7y 0:j7w 0:j96 0:j9q 0:jaq 0:jac 0:jan 0:jby 0:jci 0:jcm 0:jdc 0:jdn 0:jfh 0:jht 0:jis 0:jm8\
 0:31n0 0:jlp 0:jjw 0:jmw 0:jnn 0:jqc 0:31td 0:js2 0:jph 0:jop 0:bhq 0:ju1 0:jum 0:jvh 0:juf 0:bjg 0:k0f 0:k18\
 0:32mi 0:k4j 0:kc8 0:k7d 0:bo9 0:k9d 0:bns 0:bms 0:g42 0:g45 0:kcg 0:k9o 0:pf1 0:deh 0:kd3 0:kd7 0:kdd 0:kf2 \
0:ker 0:33cz 0:bpl 0:kje 0:kg5 0:klu 0:kn9 0:33hp 0:kni 0:kkf 0:kr8 0:brx 0:ksi 0:kv7 0:kx6 0:l2g 0:33xf 0:l3v\
 0:bvc 0:l5t 0:34br 0:l78 0:bwu 0:l82 0:l9b 0:la2 0:la3 0:34p9 0:2yvf 0:34sa 0:le6 0:354s 0:lhb 0:lhp 0:lev 0:\
ljq 0:lku 0:lmf 0:lkx 0:lm1 0:lmg 0:lmt 0:357i 0:lkk 0:lrj 0:lta 0:c37 0:lvv 0:lvr 0:35jl 0:lq1 0:m0e 0:35ni 0\
:35ou 0:m2u 0:m61 0:m5a 0:m57 0:c5y 0:m6i 0:m7x 0:m7r 0:m99 0:2u5h 0:mdh 0:368z 0:mfw 0:36i3 0:mjs 0:mk5 0:mkw\
 0:36yw 0:mm8 0:mmt 0:3779 0:37dg 0:mt6 0:mtn 0:cdo 0:mud 0:ce0 0:ce0 0:myv 0:mzg 0:n01 0:n0l 0:n2i 0:cgr 0:n5\
0 0:386u 0:n5q 0:389e 0:n74 0:2zrz 0:nbk 0:38v5 0:38vs 0:38zo 0:cn0 0:cnc 0:nhw 0:394j 0:394i 0:395l 0:396b 0:\
nj2 0:nj3 0:nj3 0:nka 0:cop 0:nm3 0:cp2 0:cra 0:39r1 0:nri 0:nt8 0:nv0 0:ctf 0:3a5i 0:nyu 0:3a8q 0:3a9x 0:o0f \
0:o2z 0:cvj 0:o5c 0:o5m 0:o5r 0:3at8 0:3b1j 0:3b1j 0:oa6 0:d1e 0:3b8r 0:og6 0:og9 0:d2f 0:3beo 0:onm 0:d5s 0:o\
o8 0:oo3 0:oow 0:3c06 0:orn 0:d8h 0:ouf 0:ow2 0:oxx 0:d9w 0:3ciw 0:3cjr 0:dax 0:3cnt 0:p6i 0:3cqm 0:p79 0:pa2 \
0:pad 0:3d22 0:3d43 0:pcw 0:3d7s 0:pdc 0:33a7 0:ded 0:pf6 0:phf 0:dfv 0:pj2 0:hx1 0:3dlz 0:3dmd 0:33bn 0:33bw \
0:poh 0:pok 0:sda 0:dij 0:psh 0:psb 0:pst 0:gc3 0:ptd 0:ptf 0:ptp 0:puu 0:3ebg 0:put 0:pwd 0:pyb 0:q0d 0:pwj 0\
:q0t 0:q1z 0:q53 0:pxv 0:q16 0:q18 0:q1o 0:3eie 0:3eqz 0:3emt 0:dnv 0:q9d 0:q9f 0:qae 0:3g0a 0:qck 0:3f3g 0:dp\
9 0:dpd 0:3f75 0:3ff6 0:dpn 0:qj4 0:qjg 0:qjr 0:qjt 0:qll 0:qko 0:qoe 0:qn6 0:qrd 0:qp4 0:qqz 0:qrq 0:dsn 0:qu\
9 0:qv5 0:dtl 0:qxs 0:qxv 0:3giv 0:r13 0:r1a 0:dv9 0:r22 0:aez 0:3gz2 0:3h46 0:dz2 0:dzb 0:rds 0:rfx 0:rka 0:r\
px 0:3hrc 0:rsb 0:rsx 0:rvf 0:rxz 0:3i9b 0:2upw 0:s0b 0:rzw 0:s1c 0:2uvy 0:s7o 0:sag 0:3jki 0:3jl9 0:sk4 0:smp\
 0:snl 0:3ju6 0:snv 0:svs 0:t07 0:t08 0:sxo 0:t89 0:t91 0:3ksa 0:tjf 0:ej9 0:tkn 0:3l2v 0:eli 0:ts3 0:iia 0:tu\
r 0:3ltx 0:3lzu 0:epa 0:epi 0:u00 0:3mdm 0:er6 0:3mhi 0:u17 0:u17 0:u21 0:3mpi 0:u76 0:eur 0:u95 0:ucn 0:ude 0\
:uf2 0:ez2 0:3nsg 0:umq 0:uv4 0:v0d 0:f66 0:f71 0:v3b 0:3owe 0:f7c 0:3oxx 0:3p5a 0:3p8x 0:vcr 0:f9y 0:veh 0:ve\
m 0:vet 0:vf3 0:vfa 0:vgb 0:3pxc
map compose 1o:mw,6su 0:mw,6sg 0:mw,6sv 2:lc,5c -1:ld,5d -1:le,5e -1:lf,5f -1:lg,74 -1:li,76 -1:lj,fa -1:lk,5g\
 -1:ll,61u -1:lm,5h -1:lo,ct -1:lr,e8 -1:lt,ea -1:mb,61s -1:md,5xc -1:mg,78 0:lj,5xe -1:mb,5xg -1:mp,5xi 0:ld,\
7a -1:le,7c -1:lj,7e -1:lo,7g -1:mf,5j 0:lj,5xm -1:lo,7i -1:mb,5xo -1:mf,5xs -1:ml,5xu -1:mp,5xq 0:lc,5k -1:ld\
,5l -1:le,5m -1:lf,62k -1:lg,7m -1:li,7o -1:lj,7q -1:lk,5n -1:ll,62i -1:lo,7u -1:lr,ec -1:lt,ee -1:mb,62g -1:m\
f,fc -1:mg,7s -1:ml,5y0 -1:mo,5y2 0:lj,5y6 0:ld,dw -1:le,7w -1:lg,5y8 -1:li,7y -1:lj,80 -1:lo,di -1:mf,82 0:le\
,84 -1:lj,5ya -1:lk,5ye -1:lo,f2 -1:mb,5yc -1:mf,5yg -1:mm,5yi 0:lc,5o -1:ld,5p -1:le,5q -1:lf,88 -1:lg,8a -1:\
li,8c -1:lj,8g -1:lk,5r -1:ll,62w -1:lo,cv -1:lr,eg -1:lt,ei -1:mb,62y -1:mg,8e -1:mo,5yk 0:le,8k 0:ld,5yo -1:\
lo,dk -1:mb,5yq -1:mf,8m -1:mp,5ys 0:ld,8p -1:lo,8t -1:mb,5yu -1:mf,8r -1:ml,5z0 -1:mp,5yy 0:ld,5z2 -1:lj,5z4 \
-1:mb,5z6 0:lc,e0 -1:ld,8z -1:lf,5t -1:lj,5z8 -1:lo,93 -1:mb,5za -1:mf,91 -1:ml,5ze -1:mp,5zc 0:lc,5u -1:ld,5v\
 -1:le,5w -1:lf,5x -1:lg,98 -1:li,9a -1:lj,fi -1:lk,5y -1:ll,632 -1:ln,9c -1:lo,cx -1:lr,ek -1:lt,em -1:m3,bk \
-1:mb,630 -1:mg,dm 0:ld,5zo -1:lj,5zq 1:ld,9g -1:lj,5zs -1:lo,9k -1:lr,eo -1:lt,eq -1:mb,5zu -1:mf,9i -1:mp,5z\
y 0:ld,9m -1:le,9o -1:lj,600 -1:lo,9s -1:mb,602 -1:me,ew -1:mf,9q 0:lj,60a -1:lo,9w -1:mb,60c -1:me,ey -1:mf,9\
u -1:ml,60g -1:mp,60e 0:lc,61 -1:ld,62 -1:le,63 -1:lf,a0 -1:lg,a2 -1:li,a4 -1:lk,64 -1:ll,63q -1:lm,a6 -1:ln,a\
8 -1:lo,cz -1:lr,es -1:lt,eu -1:m3,bz -1:mb,63o -1:mc,60i -1:mg,aa -1:ml,60m -1:mo,60k 0:lf,60s -1:mb,60u 0:lc\
,60w -1:ld,60y -1:le,ac -1:lj,612 -1:lk,610 -1:mb,614 0:lj,616 -1:lk,618 0:lc,642 -1:ld,65 -1:le,ae -1:lf,648 \
-1:lg,fm -1:lj,61a -1:lk,ag -1:ll,646 -1:mb,644 0:ld,ah -1:le,61c -1:lj,aj -1:lo,al -1:mb,61e -1:mp,61g 6:lc,6\
8 -1:ld,69 -1:le,6a -1:lf,6b -1:lg,75 -1:li,77 -1:lj,fb -1:lk,6c -1:ll,61v -1:lm,6d -1:lo,cu -1:lr,e9 -1:lt,eb\
 -1:mb,61t -1:md,5xd -1:mg,79 0:lj,5xf -1:mb,5xh -1:mp,5xj 0:ld,7b -1:le,7d -1:lj,7f -1:lo,7h -1:mf,6f 0:lj,5x\
n -1:lo,7j -1:mb,5xp -1:mf,5xt -1:ml,5xv -1:mp,5xr 0:lc,6g -1:ld,6h -1:le,6i -1:lf,62l -1:lg,7n -1:li,7p -1:lj\
,7r -1:lk,6j -1:ll,62j -1:lo,7v -1:lr,ed -1:lt,ef -1:mb,62h -1:mf,fd -1:mg,7t -1:ml,5y1 -1:mo,5y3 0:lj,5y7 0:l\
d,dx -1:le,7x -1:lg,5y9 -1:li,7z -1:lj,81 -1:lo,dj -1:mf,83 0:le,85 -1:lj,5yb -1:lk,5yf -1:lo,f3 -1:mb,5yd -1:\
mf,5yh -1:mm,5yj -1:mp,61i 0:lc,6k -1:ld,6l -1:le,6m -1:lf,89 -1:lg,8b -1:li,8d -1:lk,6n -1:ll,62x -1:lo,cw -1\
:lr,eh -1:lt,ej -1:mb,62z -1:mg,8f -1:mo,5yl 0:le,8l -1:lo,ds 0:ld,5yp -1:lo,dl -1:mb,5yr -1:mf,8n -1:mp,5yt 0\
:ld,8q -1:lo,8u -1:mb,5yv -1:mf,8s -1:ml,5z1 -1:mp,5yz 0:ld,5z3 -1:lj,5z5 -1:mb,5z7 0:lc,e1 -1:ld,90 -1:lf,6p \
-1:lj,5z9 -1:lo,94 -1:mb,5zb -1:mf,92 -1:ml,5zf -1:mp,5zd 0:lc,6q -1:ld,6r -1:le,6s -1:lf,6t -1:lg,99 -1:li,9b\
 -1:lj,fj -1:lk,6u -1:ll,633 -1:ln,9d -1:lo,cy -1:lr,el -1:lt,en -1:m3,bl -1:mb,631 -1:mg,dn 0:ld,5zp -1:lj,5z\
r 1:ld,9h -1:lj,5zt -1:lo,9l -1:lr,ep -1:lt,er -1:mb,5zv -1:mf,9j -1:mp,5zz 0:ld,9n -1:le,9p -1:lj,601 -1:lo,9\
t -1:mb,603 -1:me,ex -1:mf,9r 0:lj,60b -1:lk,61j -1:lo,9x -1:mb,60d -1:me,ez -1:mf,9v -1:ml,60h -1:mp,60f 0:lc\
,6x -1:ld,6y -1:le,6z -1:lf,a1 -1:lg,a3 -1:li,a5 -1:lk,70 -1:ll,63r -1:lm,a7 -1:ln,a9 -1:lo,d0 -1:lr,et -1:lt,\
ev -1:m3,c0 -1:mb,63p -1:mc,60j -1:mg,ab -1:ml,60n -1:mo,60l 0:lf,60t -1:mb,60v 0:lc,60x -1:ld,60z -1:le,ad -1\
:lj,613 -1:lk,611 -1:lm,61k -1:mb,615 0:lj,617 -1:lk,619 0:lc,643 -1:ld,71 -1:le,af -1:lf,649 -1:lg,fn -1:lj,6\
1b -1:lk,73 -1:ll,647 -1:lm,61l -1:mb,645 0:ld,ai -1:le,61d -1:lj,ak -1:lo,am -1:mb,61f -1:mp,61h 19:lc,6b1 -1\
:ld,p1 -1:n6,69t p:lc,61y -1:ld,61w -1:lf,622 -1:ll,620 1:lg,da 0:ld,e2 0:ld,e4 -1:lg,de 0:ld,5xk 2:lc,62o -1:\
ld,62m -1:lf,62s -1:ll,62q 4:ld,5ym 4:lc,636 -1:ld,634 -1:lf,63a -1:ll,638 0:ld,5zg -1:lg,fg -1:lk,5zi 0:lg,fe\
 1:ld,e6 3:lc,d7 -1:ld,d3 -1:lg,d1 -1:lo,d5 5:lc,61z -1:ld,61x -1:lf,623 -1:ll,621 1:lg,db 0:ld,e3 0:ld,e5 -1:\
lg,df 0:ld,5xl 2:lc,62p -1:ld,62n -1:lf,62t -1:ll,62r 4:ld,5yn 4:lc,637 -1:ld,635 -1:lf,63b -1:ll,639 0:ld,5zh\
 -1:lg,fh -1:lk,5zj 0:lg,ff 1:ld,e7 3:lc,d8 -1:ld,d4 -1:lg,d2 -1:lo,d6 5:lc,628 -1:ld,626 -1:lf,62c -1:ll,62a \
0:lc,629 -1:ld,627 -1:lf,62d -1:ll,62b e:lc,5xw -1:ld,5xy 0:lc,5xx -1:ld,5xz 1k:lc,5zk -1:ld,5zm 0:lc,5zl -1:l\
d,5zn c:lj,604 0:lj,605 4:lj,606 0:lj,607 6:ld,60o 0:ld,60p 0:lk,60q 0:lk,60r j:lj,61n w:lc,63g -1:ld,63e -1:l\
f,63k -1:ll,63i -1:mb,63m 0:lc,63h -1:ld,63f -1:lf,63l -1:ll,63j -1:mb,63n d:lc,63u -1:ld,63s -1:lf,63y -1:ll,\
63w -1:mb,640 0:lc,63v -1:ld,63t -1:lf,63z -1:ll,63x -1:mb,641 6:lo,dq 1e:lg,do 0:lg,dp 1m:lg,dc 0:lg,dd 0:li,\
5y4 0:li,5y5 4:lg,fk 0:lg,fl 2q:lo,dr 72:lc,69m -1:ld,p2 -1:lg,69l -1:li,69k -1:lv,64o -1:lw,64p -1:n9,69o 3:l\
c,6a0 -1:ld,p4 -1:lv,654 -1:lw,655 1:lc,6a2 -1:ld,p5 -1:lv,65k -1:lw,65l -1:n9,6a4 1:lc,6ai -1:ld,p6 -1:lg,6ah\
 -1:li,6ag -1:lk,q2 -1:lv,660 -1:lw,661 5:lc,6bc -1:ld,p8 -1:lv,66g -1:lw,66h 1:lw,6b0 3:lc,6ay -1:ld,pa -1:lg\
,6ax -1:li,6aw -1:lk,q3 -1:lw,66x 3:lc,6be -1:ld,pb -1:lv,67c -1:lw,67d -1:n9,6bg 2:n9,69g 1:n9,69w 2:lc,67k -\
1:ld,q4 -1:lg,69d -1:li,69c -1:lv,64g -1:lw,64h -1:n6,69i -1:n9,69f 3:lc,67m -1:ld,q5 -1:lv,64w -1:lw,64x 1:lc\
,67o -1:ld,q6 -1:lv,65c -1:lw,65d -1:n6,69y -1:n9,69v 1:lc,67q -1:ld,q7 -1:lg,6a9 -1:li,6a8 -1:lk,qy -1:lv,65s\
 -1:lw,65t -1:n6,6ae 5:lc,67s -1:ld,r0 -1:lv,668 -1:lw,669 1:lv,6as -1:lw,6at 3:lc,67u -1:ld,r1 -1:lg,6ap -1:l\
i,6ao -1:lk,qz -1:lv,66o -1:lw,66p -1:n6,6au 3:lc,67w -1:ld,r2 -1:lv,674 -1:lw,675 -1:n6,6ba -1:n9,6b7 0:lc,6a\
a -1:ld,pc -1:n6,6af 0:lc,6aq -1:ld,q8 -1:n6,6av 2:n9,6b8 3:ld,r7 -1:lk,r8 1f:lk,sn 9:li,y8 -1:lk,ya 2:ld,sj 1\
:lc,sg -1:li,ye -1:lk,sh 0:li,xt -1:lk,yk 0:lk,ym 0:lc,st -1:lg,yq -1:li,t5 -1:lk,ys 1:ld,ss 3:lk,yu 4:lg,z2 -\
1:li,su -1:lk,z4 -1:ln,z6 3:lk,z8 3:lk,zc 1:lk,z0 2:li,y9 -1:lk,yb 2:ld,ur 1:lc,uo -1:li,yf -1:lk,up 0:li,xu -\
1:lk,yl 0:lk,yn 0:lc,v1 -1:lg,yr -1:li,u1 -1:lk,yt 1:ld,v0 3:lk,yv 4:lg,z3 -1:li,v2 -1:lk,z5 -1:ln,z7 3:lk,z9 \
3:lk,zd 1:lk,z1 8:lk,uv t:lr,vq 0:lr,vr 2q:lk,yi 0:lk,yj e:lk,yy 0:lk,yz 8t:18z,17m -1:190,17n -1:191,17p w:19\
0,17o 1:190,17q 3a:190,1c2 g:190,1cj 2:190,1c0 gi:1to,1t5 7:1to,1td 2:1to,1tg 43:1xa,1xn -1:1xz,1xo an:27y,28b\
 -1:28m,288 -1:28n,28c 22:2c7,2ac 1f:2bi,2bu -1:2c7,2bw 0:2bi,2bv 3i:2fq,2fc 3c:2j9,2io 6:2iq,2iy -1:2j9,2iv -\
1:2ja,2iw 3:2j9,2iz 3f:2m6,2mi -1:2mv,2mk 0:2m6,2mj 41:2q2,2qi -1:2q7,2qk -1:2qn,2qm 2:2q2,2ql g8:372,36u 25b:\
5dh,5c6 1:5dh,5c8 1:5dh,5ca 1:5dh,5cc 1:5dh,5ce 3:5dh,5ci 14:5dh,5dn 1:5dh,5dp 1:5dh,5ds 0:5dh,5dt 2:5dh,5dv k\
z:lg,5yw 0:lg,5yx y:lg,5zw 0:lg,5zx 6:lj,608 0:lj,609 1o:le,624 -1:li,62e 0:le,625 -1:li,62f m:le,62u 0:le,62v\
 i:le,63c 0:le,63d 1e:lc,64i -1:ld,64k -1:n6,64m -1:n9,680 0:lc,64j -1:ld,64l -1:n6,64n -1:n9,681 0:n9,682 0:n\
9,683 0:n9,684 0:n9,685 0:n9,686 0:n9,687 0:lc,64q -1:ld,64s -1:n6,64u -1:n9,688 0:lc,64r -1:ld,64t -1:n6,64v \
-1:n9,689 0:n9,68a 0:n9,68b 0:n9,68c 0:n9,68d 0:n9,68e 0:n9,68f 0:lc,64y -1:ld,650 0:lc,64z -1:ld,651 6:lc,656\
 -1:ld,658 0:lc,657 -1:ld,659 6:lc,65e -1:ld,65g -1:n6,65i -1:n9,68g 0:lc,65f -1:ld,65h -1:n6,65j -1:n9,68h 0:\
n9,68i 0:n9,68j 0:n9,68k 0:n9,68l 0:n9,68m 0:n9,68n 0:lc,65m -1:ld,65o -1:n6,65q -1:n9,68o 0:lc,65n -1:ld,65p \
-1:n6,65r -1:n9,68p 0:n9,68q 0:n9,68r 0:n9,68s 0:n9,68t 0:n9,68u 0:n9,68v 0:lc,65u -1:ld,65w -1:n6,65y 0:lc,65\
v -1:ld,65x -1:n6,65z 6:lc,662 -1:ld,664 -1:n6,666 0:lc,663 -1:ld,665 -1:n6,667 6:lc,66a -1:ld,66c 0:lc,66b -1\
:ld,66d 6:lc,66i -1:ld,66k 0:lc,66j -1:ld,66l 6:lc,66q -1:ld,66s -1:n6,66u 0:lc,66r -1:ld,66t -1:n6,66v 7:lc,6\
6z -1:ld,671 -1:n6,673 6:lc,676 -1:ld,678 -1:n6,67a -1:n9,68w 0:lc,677 -1:ld,679 -1:n6,67b -1:n9,68x 0:n9,68y \
0:n9,68z 0:n9,690 0:n9,691 0:n9,692 0:n9,693 0:lc,67e -1:ld,67g -1:n6,67i -1:n9,694 0:lc,67f -1:ld,67h -1:n6,6\
7j -1:n9,695 0:n9,696 0:n9,697 0:n9,698 0:n9,699 0:n9,69a 0:n9,69b 0:n9,69e 3:n9,69u 7:n9,6b6 1l:n9,69j 8:lc,6\
a5 -1:ld,6a6 -1:n6,6a7 6:n9,69z 1b:n9,6bb 7:lc,6al -1:ld,6am -1:n6,6an b5:mw,6my 1:mw,6mz 1:mw,6ni 1n:mw,6od 1\
:mw,6of 1:mw,6oe 1a:mw,6pw 4:mw,6q1 2:mw,6q4 n:mw,6qs 1:mw,6qu m:mw,6rl 6:mw,6ro 1:mw,6rr 2:mw,6rt 4:mw,6st j:\
mw,6si 2:mw,6sw 0:mw,6sx c:mw,6t0 0:mw,6t1 2:mw,6t4 0:mw,6t5 2:mw,6tc 0:mw,6td 0:mw,6w0 0:mw,6w1 4:mw,6tg 0:mw\
,6th 2:mw,6tk 0:mw,6tl 9:mw,6w2 0:mw,6w3 f:mw,6uk 5:mw,6ul 0:mw,6um 1:mw,6un 6:mw,6wa 0:mw,6wb 0:mw,6wc 0:mw,6\
wd 2og:9ll,9lg 4:9ll,9jg 1:9ll,9ji 1:9ll,9jk 1:9ll,9jm 1:9ll,9jo 1:9ll,9jq 1:9ll,9js 1:9ll,9ju 1:9ll,9jw 1:9ll\
,9jy 1:9ll,9k0 1:9ll,9k2 2:9ll,9k5 1:9ll,9k7 1:9ll,9k9 6:9ll,9kg -1:9lm,9kh 2:9ll,9kj -1:9lm,9kk 2:9ll,9km -1:\
9lm,9kn 2:9ll,9kp -1:9lm,9kq 2:9ll,9ks -1:9lm,9kt x:9ll,9lq 8:9ll,9o4 4:9ll,9m4 1:9ll,9m6 1:9ll,9m8 1:9ll,9ma \
1:9ll,9mc 1:9ll,9me 1:9ll,9mg 1:9ll,9mi 1:9ll,9mk 1:9ll,9mm 1:9ll,9mo 1:9ll,9mq 2:9ll,9mt 1:9ll,9mv 1:9ll,9mx \
6:9ll,9n4 -1:9lm,9n5 2:9ll,9n7 -1:9lm,9n8 2:9ll,9na -1:9lm,9nb 2:9ll,9nd -1:9lm,9ne 2:9ll,9ng -1:9lm,9nh j:9ll\
,9o7 0:9ll,9o8 0:9ll,9o9 0:9ll,9oa a:9ll,9oe 1863:1hve,1hui 1:1hve,1huk 9:1hve,1huz 3v:1hyf,1hym 0:1hyf,1hyn e\
s:1ida,1idn -1:1idz,1ido a9:1ink,1inw -1:1inu,1inv -1:1inx,1iny 72:1iun,1iuy 0:1iun,1iuz
class ccc lc+k:6e 0:6g 0+3:64 0:6g 0:60 0+4:64 0+1:5m 0+3:64 0+1:5m 0+a:64 0+4:1 0+3:64 0+2:6e 2:6e 2:6o 0:6e \
0+2:64 0+2:6e 0+1:64 1+2:6e 0+3:64 0:6e 0:6g 0+1:64 0:6e 0:6h 0+1:6i 0:6h 0+1:6i 0:6h 0+c:6e 7n+4:6e 7d:64 0+3\
:6e 0:64 0+2:6e 0:66 0:64 0+5:6e 0+5:64 0+1:6e 0:64 0+1:6e 0:66 0:6c 0:6e 0:a 0:b 0:c 0:d 0:e 0:f 0:g 0:h 0:i \
0+1:j 0:k 0:l 0:m 1:n 1:o 0:p 1:6e 0:64 1:i 20+7:6e 0:u 0:v 0:w 1c:r 0:s 0:t 0:u 0:v 0:w 0:x 0:y 0+1:6e 0+1:64\
 0+4:6e 0:64 0+1:6e 0:64 g:z 2t+6:6e 2+3:6e 0:64 0:6e 2+1:6e 1:64 0+1:6e 0:64 z:10 u:6e 0:64 0+1:6e 0:64 0+1:6\
e 0+2:64 0:6e 0+1:64 0:6e 0:64 0+2:6e 0:64 0:6e 0:64 0:6e 0:64 0:6e 0:64 0+1:6e 4g+6:6e 0:64 0:6e y+3:6e 1+8:6\
e 1+2:6e 1+4:6e 17+2:64 3c+d:6e 1:64 0+1:6e 0:64 0+1:6e 0:64 0+2:6e 0+2:64 0:r 0:s 0:t 0+2:6e 0:64 0+1:6e 0+1:\
64 0+4:6e 1o:7 g:9 3:6e 0:64 0+1:6e 2v:7 g:9 32:7 g:9 32:7 g:9 32:7 g:9 3j:9 3j:9 7:2c 0:2j 2t:7 g:9 3j:9 3g:9\
 31+1:2v 0:9 d+3:2z 30+1:3a e+3:3e 24+1:64 r:64 1:64 1:60 1j:3l 0:3m 1:3o 5+3:3m 2:3m 1+1:6e 0:9 1+1:6e 1q:64 \
34:7 1+1:9 2a:64 jz+2:6e qc:9 v:9 4d:9 a:6e 5n:6c 3z:66 0:6e 0:64 63:6e 0:64 1z:9 k+7:6e 2:64 1c+4:6e 0+5:64 0\
+1:6e 0:64 3a:7 f:9 12:6e 0:64 0+6:6e 1i+1:9 1m:7 b+1:9 1v:7 48+2:6e 1:1 0+4:64 0+1:6e 0+3:64 0:6e 1+6:1 4:64 \
6:6e 3+1:6e 5i+1:6e 0:64 0+6:6e 0:64 0+1:6e 0:6i 0:5y 0:64 0:5m 0+10:6e 5:6e 0:6h 0:64 0:6e 0:64 k0+1:6e 0+1:1\
 0+3:6e 0+2:1 0+1:6e 4:6e 3+1:1 0:6e 0:64 0:6e 0+1:1 0+3:64 0:6e 2da+2:6e 3x:9 2o+v:6e fe:62 0:6c 0:6g 0:66 0+\
1:68 2x+1:8 n9w:6e 4+9:6e w+1:6e 28+1:6e 7o:9 59:9 r+h:6e 1l+2:64 11:9 2n:7 c:9 6n:6e 1+1:6e 0:64 2+1:6e 5+1:6\
e 1:6e 1g:9 6u:9 fn4:q ld+6:6e 0+6:64 0+1:6e r1:64 6a:64 45+4:6e 1aq:64 1:6e 14:6e 0:1 0:64 4:9 4l:6e 0:64 127\
:9 1k:9 1l:9 0:7 1x+2:6e 1c+1:9 1q:7 24:9 9:7 2y:9 0:7 4y:7 0:9 29:7 g:9 o+6:6e 3+4:6e 5p:9 3:7 3f:9 0:7 6z:9 \
0:7 3i:9 3a:9 0:7 37:9 103:9 fjk+4:1 1n+6:6e g2v:1 43q+1:60 0+2:1 3:6a 0+4:60 8+7:64 2+4:6e 0+1:64 u+3:6e 44+2\
:6e 2pn+6:6e 1+g:6e 2+6:6e 1+1:6e 1+4:6e 1ph+6:64 31+5:6e 0:7
class grapheme 0+9:3 0:2 0+1:3 0:1 0+h:3 2n+w:3 9:e 3:3 0:e gh+33:h 7n+6:h 7b+18:h 1:h 1+1:h 1+1:h 1:h 1k+5:7 \
a+a:h 1:3 1a+k:h g:h 2t+6:h 0:7 1+5:h 2+1:h 1+3:h x:7 1:h u+q:h 2j+a:h 1m+8:h 9:h o+3:h 1+8:h 1+2:h 1+4:h 17+2\
:h 1g+1:7 5+8:h 16+n:h 0:7 0+v:h 0:8 h+10:g 0:h 0:8 0:h 1+2:8 0+7:h 0+3:8 0:f 0+1:8 1+6:h 0+7:g 2+1:h k+7:g 1:\
h 0+1:8 h+j:g 1+6:g 1:g 3+3:g 2:h 1:h 0+1:8 0+3:h 2+1:8 2+1:8 0:f 9:h 4+1:g 1:g 2+1:h c+1:g c:h 2+1:h 0:8 1k:h\
 1+2:8 0+1:h 4+1:h 2+2:h 3:h u+1:h 3:h b+1:h 0:8 h+j:g 1+6:g 1+1:g 1+4:g 2:h 1+2:8 0+4:h 1+1:h 0:8 1+1:8 0:f k\
+1:h l:g 0+5:h 1:h 0+1:8 h+j:g 1+6:g 1+1:g 1+4:g 2:h 1+1:h 0:8 0+3:h 2+1:8 2+1:8 0:f 7+2:h 4+1:g 1:g 2+1:h d:g\
 g:h 1n:h 0:8 0:h 0+1:8 3+2:8 1+2:8 0:h 9:h 14:h 0+2:8 0:h g+j:g 1+f:g 2:h 1+2:h 0+3:8 1+2:h 1+2:h 0:f 7+1:h 1\
+2:g 7+1:h t:h 0+1:8 1k:h 1:8 0+1:h 0:8 0:h 0+1:8 1+2:h 1+3:h 7+1:h b+1:h f:8 c+1:h 0+1:8 h+11:g 0+1:h 1:h 0+1\
:8 0+3:h 1+2:8 1+2:8 0:f 0:7 8:h a+1:h t:h 0+1:8 1y:h 4:h 0+1:8 0+2:h 1:h 1+6:8 0:h i+1:8 1p:h 1:8 0+6:h c+7:h\
 2q:h 1:8 0+8:h b+6:h 21+1:h r:h 1:h 1:h 4+1:8 1d+d:h 0:8 0+4:h 1+1:h 5+a:h 1+z:h 9:h 1l+16:g 2+3:h 0:8 0+5:h \
1:f 0:h 0+1:8 0+1:h 0:g g+5:g 0+1:8 0+1:h 0+3:g 0+2:h 0:g 3+1:g 7+2:g 0+3:h 0+c:g 0:h 1:8 0+1:h 6:h 0:g e:h 2q\
+2n:9 0+1z:a 0+2f:b 9p+2:h qa+3:h s+2:h t+1:h u+1:h c+1f:g 0+1:h 0:8 0+6:h 0+7:8 0:h 0+1:8 0+8:h 0:f 0:h 9:h 1\
9+2:h 0:3 0:h 39+1:h y:h 3a+2:h 0+3:8 0+1:h 0+2:8 4+1:8 0:h 0+5:8 0+2:h 63+1:h 0+1:8 0:h 4+1g:g 0:8 0:h 0:8 0+\
6:h 1:f 1:h 2+7:h 0+5:8 0+9:h 2:h 1c+19:h 2+b:h k+3:h 0:8 6+1:g 6+w:g 0+9:h 0+3:8 0+1:h 0:f 0+7:g u+8:h c+1:h \
0:8 0+t:g 0:8 0+3:h 0+1:8 0+2:h 0:f 0+1:h 0+1:g b+2:g 14:h 0:8 0+1:h 0+2:8 0:h 0:8 0+4:h 1c+7:8 0+7:h 0+1:8 0+\
1:h 48+2:h 1+c:h 0:8 0+6:h 4:h 6:h 2:8 0+1:h 5i+1r:h ej:3 0:4 0:5 0+1:3 o+6:3 d:e c:e m+f:3 2o+w:h 1d:e m:e 2i\
+5:e f+1:e a7+1:e c:e 4m:e p+a:e 4+2:e 5j:e 6f+1:e a:e 9:e 1m+3:e 1+4:e 9:e 2:e 2+1:e 2:e 4:e 2:e 1+1:e 2:e 3:\
e 3+1:e 8+2:e 5:e 1:e 5+b:e b+1:e 2:e 1+1:e 1:e i:e 2+1:e i+5:e 1:e 1+1:e 3+1:e 5:e 2+1:e 4+1:e b+1:e 5+1:e 2:\
e 5+1:e 1:e 1+1:e k+1:e 5+5:e 1+3:e 2:e 4:e 2:e 2+5:e 1:e 2:e 1:e 1:e 6:e 3:e 6:e a+1:e f:e 2:e 4:e 1:e 4+2:e \
1:e b+1:e 1c+2:e 9:e e:e e:e ac+1:e cv+2:e j+1:e 1f:e 4:e bd+2:h 3x:h 2o+v:h fe+5:h 0:e c:e 2j+1:h e4:e 1:e mv\
p+3:h 1+9:h w+1:h 28+1:h 7k:h 3:h 4:h n+1:8 0+1:h 0:8 4:h 2b+1:8 1e+f:8 0+1:h q+h:h d:h 12+7:h p+a:h 0:8 0:h c\
+s:9 3+2:h 0:8 5+2:g 3+z:g 0:h 0+1:8 0+3:h 0+1:8 0+1:h 0+1:8 0:f v+4:g 0:h 1+8:g a+4:g 16+5:h 0+1:8 0+1:h 0+1:\
8 0+1:h c:h 8:h 0:8 i+f:g 1+2:g 6:g 1:h 1+1:g 1c:h 1+2:h 2+1:h 5+1:h 1:h u+a:g 0:8 0+1:h 0+1:8 5:8 0:f 5l+q:g \
8+1:8 0:h 0+1:8 0:h 0+1:8 1:8 0:h i:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+\
q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d 0:c 0+q:d c+m:a 4+1c:b 6xu:h kh+f:h g+f:h 5r:3 4e+1:h 28\
+b:3 e9:h 6a:h 45+4:h 1ad:g 0+2:h 1+1:h 5+3:h 0+3:g 1+2:g 1+s:g 2+2:h 4:f 4l+1:h fx+3:h 1t+4:h 8t+1:h 25+5:h 1\
y+a:h 1d+3:h 3e:8 0:h 0:8 1h+e:h 15:h 2+1:h a+2:h 0:8 19+2:8 0+3:h 0+1:8 0+1:h 2:7 4:h a:7 1e+2:h 0+z:g 0+4:h \
0:8 0+5:h 0:f 0:h f:g 0+1:8 0:g 17:h c+1:h 0:8 1c+2:8 0+8:h 0:8 0:h 1+1:7 5+3:h 1:8 0:h 2k+2:8 0+2:h 0+1:8 0+3\
:h 6:h 2:h 4d:h 0+2:8 0+7:h l+1:h 0+1:8 1j+1:h 1:h 0:8 0:h 0+3:8 2+1:8 2+1:8 0:h 9:h a+1:8 2+6:h 3+4:h b+9:g 1\
:g 2:g 1+11:g 2:h 0+1:8 0+5:h 1:h 2:h 1+2:h 0:8 1+1:8 0+1:h 0:f 0:7 0:h e+1:h 2a+2:8 0+7:h 0+1:8 0+2:h 0:8 0:h\
 n:h 29:h 0+1:8 0+5:h 0:8 0:h 0+1:8 0:h 0:8 0+1:h 0:8 0+1:h 6j:h 0+1:8 0+3:h 2+3:8 0+1:h 0:8 0+1:h r+1:h 2a+2:\
8 0+7:h 0+1:8 0:h 0:8 0+1:h 2y:h 0:8 0:h 0+1:8 0+7:h 2t:h 0:8 0:h 2+3:h 0:8 0+4:h 74+2:8 0+8:h 0:8 0+1:h 5h+6:\
g 2:g 2+7:g 1+1:g 1+n:g 0:h 0+4:8 1+1:8 2+2:h 0:f 0:7 0:8 0:7 0:8 0:h 3x+2:8 0+3:h 2+1:h 0+3:8 0:h 3:8 r:g 0+9\
:h 0+13:g 0+5:h 0:8 1+3:h 8:f 8:g 0+5:h 0+1:8 0+2:h 0+13:g 0+5:7 0+c:h 0:8 0:h 0:f 5i:h 0:8 0+2:h 0:8 0:h 0:8 \
5j:8 0+6:h 1+5:h 0:8 0:h 2a+l:h 1:8 0+6:h 0:8 0+1:h 0:8 0+1:h 3e+5:h 3:h 1+1:h 1+6:h 0:7 0:h 1u+4:8 1+1:h 1+1:\
8 0:h 0:8 0:h 9n+1:h 0+1:8 9+1:h 0:7 0:8 0+c:g 1+x:g 0+1:8 0+4:h 3+1:8 0+1:h 0:f n:h 44l:h 6+e:h 8ug+b:h 0+2:8\
 0+2:h 1xc+4:h 1n+6:h t4:h 1+1i:8 7+3:h 29:h b+1:h f57+1:h 3mp+19:h 2+m:h f2+4:h 3+5:h 8+7:h 2+6:h u+3:h 44+2:\
h 1iz+1i:h 4+1d:h 8:h e:h m+4:h 1+e:h 11s+6:h 1+g:h 2+6:h 1+1:h 1+4:h 2s:h 4g+6:h af:h 1p+3:h e4+3:h 72+1:h 6r\
:h 2:h 7+1:h 5:h d6+6:h 31+6:h 1bt:e 13+3:e 2s+b:e f+1:e f:e e+1:e 11+9:e 34+1:e c+1:e e:e 2+9:e j+1j:e r+e:e \
a:e k:e 2+8:e 1+3:e 9+m:e 6+57:e 2+33:e 2+1:e 1+2:e 2+2a:e 2+2:e 1+3:e 0+4:h 0+71:e 1+1q:e b+5:e 1+n:e 7+1:e 2\
+7:e c:e 2+3:e 2:e 4+1:e d+1:e 2:e 8+1:e 9:e 5+2:e c+2:e 8+2:e 2:e 1:e 4:e 6:e 3:e 6+2d:e 1c+1x:e 5+7:e 2+g:e \
3:e 1+5:e 2+c:e 62+11:e c+3:e 1k+7:e a+5:e 14+7:e u+1:e c+3:e 2+d:e 9+12:e c+1a:e 1+9:e 1+54:e 2g+7:e e+41:e 7\
4+sd:e guua+2n:h 3k+6n:h

"""
